/**
 * Convolutions and the gradient for what goes in, on edges with channels first, for two and three spatial axes. Which form of a gradient
 * is recorded was chosen by measurement; the README has the table.
 */
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { inputShape, outputShape, product, reaches, type Windows, windowAttributes } from "./windows.js";

/** @param filter [output channels, input channels / groups, …kernel]. @param bias one number per output channel. */
export function convolve(
  graph: Recorder,
  edges: { readonly x: Edge; readonly filter: Edge; readonly bias?: Edge },
  windows: Windows,
  groups = 1,
): Edge {
  const { x, filter, bias } = edges;
  const attributes = { ...windowAttributes(windows), group: groups };
  const output = { shape: outputShape(windows), dtype: "float32" } as const;
  return graph.node("Conv", bias ? [x, filter, bias] : [x, filter], output, { attributes });
}

/** A filter tensor […kernel, inputs, outputs] as ONNX has it: [outputs, inputs, …kernel]. */
export function filterEdge(graph: Recorder, filter: TensorInfo): Edge {
  const rank = filter.shape.length;
  return graph.reordered(filter, [rank - 1, rank - 2, ...Array.from({ length: rank - 2 }, (_, i) => i)]);
}

/** Gradient for the input, [N, inputs, …]: a convolution of dy with the filter turned around, or for strides a product and Col2Im. */
export function inputGradient(graph: Recorder, dy: Edge, filter: TensorInfo, windows: Windows): Edge {
  const margins = turnedMargins(windows);
  if (windows.strides.some((stride) => stride > 1) || margins.flat().some((margin) => margin < 0))
    return scattered(graph, dy, filter, windows);
  const turned = turnedFilter(graph, filter, windows.kernel);
  return convolve(graph, { x: dy, filter: turned }, turnedWindows(windows, margins));
}

/** Zeros around dy so that every input meets every window it was in. */
export function turnedMargins(windows: Windows): [before: number[], after: number[]] {
  const { input, output, before } = windows;
  const reach = reaches(windows);
  const front = before.map((zeros, axis) => reach[axis]! - 1 - zeros);
  const back = input.map((side, axis) => side + reach[axis]! - 1 - output[axis]! - front[axis]!);
  return [front, back];
}

/** The windows of the convolution that goes back from dy. */
export function turnedWindows(windows: Windows, [before, after]: [number[], number[]]): Windows {
  const { input, output, inputChannels, outputChannels } = windows;
  return {
    ...windows,
    input: output,
    output: input,
    inputChannels: outputChannels,
    outputChannels: inputChannels,
    before,
    after,
  };
}

/** […kernel, inputs, outputs] with the kernel turned around, as [inputs, outputs, …kernel]. */
function turnedFilter(graph: Recorder, filter: TensorInfo, kernel: readonly number[]): Edge {
  const rank = filter.shape.length;
  const spatial = Array.from({ length: rank - 2 }, (_, axis) => axis);
  const turned = turnedAround(graph, graph.input(filter), kernel, 0);
  return graph.transpose(turned, [rank - 2, rank - 1, ...spatial]);
}

/** Turns the kernel's axes, which begin at `first`, around. */
export function turnedAround(graph: Recorder, filter: Edge, kernel: readonly number[], first: number): Edge {
  if (product(kernel) === 1) return filter;
  const lists = [
    kernel.map(() => -1),
    kernel.map((side) => -side - 1),
    kernel.map((_, axis) => first + axis),
    kernel.map(() => -1),
  ];
  return graph.node("Slice", [filter, ...lists.map((list) => graph.integers(list))], filter);
}

/** What each output gives back to its window, summed where windows overlap. */
function scattered(graph: Recorder, dy: Edge, filter: TensorInfo, windows: Windows): Edge {
  const { batch, inputChannels, outputChannels, kernel, output } = windows;
  const rank = filter.shape.length;
  const taps = product(kernel);
  const spatial = Array.from({ length: rank - 2 }, (_, axis) => axis);
  const ordered = graph.reordered(filter, [rank - 2, ...spatial, rank - 1]);
  const weights = graph.reshape(ordered, [inputChannels * taps, outputChannels]);
  const columns = graph.reshape(dy, [batch, outputChannels, product(output)]);
  const shares = graph.node("MatMul", [weights, columns], {
    shape: [batch, inputChannels * taps, product(output)],
    dtype: "float32",
  });
  return fromColumns(graph, shares, windows);
}

/** Columns [N, channels · taps, outputs] summed into [N, channels, …]. */
export function fromColumns(graph: Recorder, columns: Edge, windows: Windows): Edge {
  const { strides, dilations, before, after, input, kernel } = windows;
  const attributes = { strides, dilations, pads: [...before, ...after] };
  const inputs = [columns, graph.integers(input), graph.integers(kernel)];
  return graph.node("Col2Im", inputs, { shape: inputShape(windows), dtype: "float32" }, { attributes });
}
