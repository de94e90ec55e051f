/**
 * Convolutions and the gradient for what goes in, on edges with channels first, for two and three spatial axes. Which form of a gradient
 * is recorded was chosen by measurement; the README has the table.
 */
import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Edge, sameShape } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { blockedBackwards, blockedFilter, convolveBlocks, fitsBlocks } from "./blocked.js";
import { castEdge } from "./elementwise.js";
import { withMargins } from "./margins.js";
import { inputShape, outputShape, product, reaches, type Windows, windowAttributes } from "./windows.js";

/** @param x [N, inputs, …]. @param filter […kernel, inputs, outputs]. @param bias one number per output channel. */
export function convolveTensors(
  graph: Recorder,
  { x, filter, bias }: { readonly x: Edge; readonly filter: TensorInfo; readonly bias?: Edge },
  windows: Windows,
): Edge {
  const seen = seenOnly(windows);
  if (fitsBlocks(graph, seen)) {
    const edges = [cut(graph, x, seen), blockedFilter(graph, filter), ...(bias ? [bias] : [])];
    return convolveBlocks(graph, edges, seen);
  }
  const ordered = castEdge(graph, filterEdge(graph, filter), "float32");
  return convolve(graph, { x, filter: ordered, ...(bias && { bias }) }, windows);
}

/** @param filter [output channels, input channels / groups, …kernel]. @param bias one number per output channel. */
export function convolve(
  graph: Recorder,
  edges: { readonly x: Edge; readonly filter: Edge; readonly bias?: Edge },
  windows: Windows,
  groups = 1,
): Edge {
  const { filter, bias } = edges;
  const seen = seenOnly(windows);
  const x = cut(graph, edges.x, seen);
  const attributes = { ...windowAttributes(seen), group: groups };
  const output = { shape: outputShape(windows), dtype: "float32" } as const;
  return graph.node("Conv", bias ? [x, filter, bias] : [x, filter], output, { attributes });
}

/** The windows on an input without the ends that no window sees. */
export function seenOnly(windows: Windows): Windows {
  const { input, after } = windows;
  if (after.every((zeros) => zeros >= 0)) return windows;
  return {
    ...windows,
    input: input.map((side, axis) => side + Math.min(0, after[axis]!)),
    after: after.map((zeros) => Math.max(0, zeros)),
  };
}

/** Leaves of an edge [N, C, …] what the windows see. */
export function cut(graph: Recorder, x: Edge, { input }: Windows): Edge {
  const shape = [...x.shape.slice(0, 2), ...input];
  if (sameShape(shape, x.shape)) return x;
  const lists = [input.map(() => 0), input, input.map((_, axis) => axis + 2)];
  return graph.node("Slice", [x, ...lists.map((list) => graph.integers(list))], { shape, dtype: x.dtype });
}

/** A filter tensor […kernel, inputs, outputs] as ONNX has it: [outputs, inputs, …kernel]. */
function filterEdge(graph: Recorder, filter: TensorInfo): Edge {
  const rank = filter.shape.length;
  return graph.reordered(filter, [rank - 1, rank - 2, ...Array.from({ length: rank - 2 }, (_, i) => i)]);
}

/** Gradient for the input, [N, inputs, …]: a convolution of dy with the filter turned around, or for strides a product and Col2Im. */
export function inputGradient(graph: Recorder, dy: Edge, filter: TensorInfo, windows: Windows): Edge {
  const margins = turnedMargins(windows);
  if (windows.strides.some((stride) => stride > 1) || margins.flat().some((margin) => margin < 0))
    return scattered(graph, dy, filter, windows);
  const back = seenOnly(turnedWindows(windows, margins));
  const turned = turnedAround(graph, graph.input(filter), windows.kernel, 0);
  if (fitsBlocks(graph, back)) {
    return convolveBlocks(graph, [cut(graph, dy, back), blockedBackwards(graph, turned)], back);
  }
  return convolve(graph, { x: dy, filter: inputsFirst(graph, turned) }, back);
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

/** […kernel, inputs, outputs] as [inputs, outputs, …kernel]. */
function inputsFirst(graph: Recorder, filter: Edge): Edge {
  const rank = filter.shape.length;
  const spatial = Array.from({ length: rank - 2 }, (_, axis) => axis);
  return graph.transpose(filter, [rank - 2, rank - 1, ...spatial]);
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
  const seen = seenOnly(windows);
  const { strides, dilations, before, after, input, kernel } = seen;
  const attributes = { strides, dilations, pads: [...before, ...after] };
  const inputs = [columns, graph.integers(input), graph.integers(kernel)];
  const output = { shape: inputShape(seen), dtype: "float32" } as const;
  const summed = graph.node("Col2Im", inputs, output, { attributes });
  const none = new Array<number>(summed.shape.length).fill(0);
  const missing = windows.input.map((side, axis) => side - input[axis]!);
  return withMargins(graph, summed, none, [0, 0, ...missing]);
}
