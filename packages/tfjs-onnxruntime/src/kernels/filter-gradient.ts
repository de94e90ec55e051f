/**
 * The gradient for a filter: what every place of the kernel saw (columns), multiplied with dy over all samples and outputs at once. Of
 * nine forms measured the two here were the fastest, one for many channels and one for few; the README has the table. Where there are
 * fewer outputs than inputs, columns are made of dy, which the turned kernel saw, and multiplied with x: the same sums, less to move.
 */
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { turnedMargins, turnedWindows } from "./convolution.js";
import { castEdge } from "./elementwise.js";
import { cutWindow, margins, withMargins } from "./margins.js";
import { places, product, type Windows } from "./windows.js";

/** Input and output channels from which copying whole pixels is faster than copying planes. */
const MANY_CHANNELS = 64;

/** @returns […kernel, inputs, outputs]. */
export function filterGradient(graph: Recorder, x: TensorInfo, dy: TensorInfo, windows: Windows): Edge {
  const { kernel, inputChannels, outputChannels } = windows;
  const shape = [...kernel, inputChannels, outputChannels];
  const back = backwards(windows);
  if (back === undefined) {
    const { columns, rows, transposed } = columnsAndRows(graph, [x, dy], windows, "forwards");
    return graph.reshape(multiply(graph, [columns, rows], transposed), shape);
  }
  const { columns, rows, transposed } = columnsAndRows(graph, [dy, x], back, "turned");
  const taps = product(kernel);
  const sums = graph.reshape(multiply(graph, [rows, columns], transposed), [
    inputChannels,
    taps,
    outputChannels,
  ]);
  return graph.reshape(graph.transpose(sums, [1, 0, 2]), shape);
}

/** The windows that x lies under on dy, where there is less of dy and every input meets every window it was in. */
function backwards(windows: Windows): Windows | undefined {
  const { kernel, strides, inputChannels, outputChannels } = windows;
  if (outputChannels >= inputChannels || product(kernel) === 1) return undefined;
  const turned = turnedMargins(windows);
  const whole = strides.every((stride) => stride === 1) && turned.flat().every((zeros) => zeros >= 0);
  return whole ? turnedWindows(windows, turned) : undefined;
}

/** Whether the first place of a kernel comes first or last. */
type Direction = "forwards" | "turned";

interface Factors {
  readonly columns: Edge;
  readonly rows: Edge;
  /** Which of two factors a product transposes so that it sums over samples and outputs. */
  readonly transposed: "transA" | "transB";
}

/** Columns of what windows see, and the other tensor beside them. */
function columnsAndRows(
  graph: Recorder,
  tensors: readonly [seen: TensorInfo, other: TensorInfo],
  windows: Windows,
  direction: Direction,
): Factors {
  const { kernel, inputChannels, outputChannels } = windows;
  const many = Math.min(inputChannels, outputChannels) >= MANY_CHANNELS && product(kernel) > 1;
  const make = many ? pixelColumns : planeColumns;
  const [columns, rows] = make(graph, tensors, windows, direction);
  return { columns, rows, transposed: many ? "transA" : "transB" };
}

function multiply(graph: Recorder, factors: readonly [Edge, Edge], transposed: Factors["transposed"]): Edge {
  const axis = transposed === "transA" ? 1 : 0;
  const shape = factors.map((factor) => factor.shape[axis]!);
  return graph.node("Gemm", factors, { shape, dtype: "float32" }, { attributes: { [transposed]: 1 } });
}

/** Axes of a tensor in the orders [N, …, C] and [C, N, …]. */
function orders({ channelsFirst, input }: Windows): { pixels: number[]; planes: number[] } {
  const spatial = input.map((_, axis) => axis + (channelsFirst ? 2 : 1));
  const channel = channelsFirst ? 1 : input.length + 1;
  return { pixels: [0, ...spatial, channel], planes: [channel, 0, ...spatial] };
}

/** [N · outputs, taps · C], gathered pixel by pixel, and dy as [N · outputs, K]. */
function pixelColumns(
  graph: Recorder,
  [x, dy]: readonly [TensorInfo, TensorInfo],
  windows: Windows,
  direction: Direction,
): [columns: Edge, rows: Edge] {
  const { batch, inputChannels, outputChannels, output, kernel } = windows;
  const { before, after } = margins(windows);
  const { pixels } = orders(windows);
  const image = withMargins(
    graph,
    float(graph, graph.reordered(x, pixels)),
    [0, ...before, 0],
    [0, ...after, 0],
  );
  const flat = graph.reshape(image, [batch, product(image.shape.slice(1, -1)), inputChannels]);
  const indices = graph.reshape(windowIndices(graph, windows, direction), [
    product(output) * product(kernel),
  ]);
  const shape = [batch, indices.shape[0]!, inputChannels];
  const seen = graph.node(
    "Gather",
    [flat, indices],
    { shape, dtype: "float32" },
    { attributes: { axis: 1 } },
  );
  const rows = batch * product(output);
  return [
    graph.reshape(seen, [rows, product(kernel) * inputChannels]),
    graph.reshape(float(graph, graph.reordered(dy, pixels)), [rows, outputChannels]),
  ];
}

/** Places of every window's pixels in the image with zeros around, [outputs, taps]: a sum over axes that ONNX Runtime folds. */
function windowIndices(graph: Recorder, windows: Windows, direction: Direction): Edge {
  const { input, output, kernel, strides, dilations } = windows;
  const { before, after } = margins(windows);
  const sides = input.map((side, axis) => before[axis]! + side + after[axis]!);
  const along = sides.map((_, axis) => {
    const step = product(sides.slice(axis + 1));
    const shape = new Array<number>(2 * sides.length).fill(1);
    shape[axis] = output[axis]!;
    shape[sides.length + axis] = kernel[axis]!;
    const data = Int32Array.from({ length: output[axis]! * kernel[axis]! }, (_each, i) => {
      const place = Math.floor(i / kernel[axis]!);
      const tap = direction === "forwards" ? i % kernel[axis]! : kernel[axis]! - 1 - (i % kernel[axis]!);
      return (place * strides[axis]! + tap * dilations[axis]!) * step;
    });
    return graph.constant({ dtype: "int32", shape, data });
  });
  return along.reduce((sum, each) =>
    graph.node("Add", [sum, each], {
      shape: sum.shape.map((side, axis) => Math.max(side, each.shape[axis]!)),
      dtype: "int32",
    }),
  );
}

/** [taps · C, N · outputs], cut out plane by plane, and dy as [K, N · outputs]. */
function planeColumns(
  graph: Recorder,
  [x, dy]: readonly [TensorInfo, TensorInfo],
  windows: Windows,
  direction: Direction,
): [columns: Edge, rows: Edge] {
  const { batch, inputChannels, outputChannels, output, kernel } = windows;
  const { before, after } = margins(windows);
  const { planes } = orders(windows);
  const image = withMargins(
    graph,
    float(graph, graph.reordered(x, planes)),
    [0, 0, ...before],
    [0, 0, ...after],
  );
  const ordered = direction === "forwards" ? places(kernel) : places(kernel).reverse();
  const seen = ordered.map((place) => cutWindow(graph, image, place, windows));
  const shape = [seen.length * inputChannels, batch, ...output];
  const all =
    seen.length === 1
      ? seen[0]!
      : graph.node("Concat", seen, { shape, dtype: "float32" }, { attributes: { axis: 0 } });
  const columns = batch * product(output);
  return [
    graph.reshape(all, [seen.length * inputChannels, columns]),
    graph.reshape(float(graph, graph.reordered(dy, planes)), [outputChannels, columns]),
  ];
}

function float(graph: Recorder, edge: Edge): Edge {
  return castEdge(graph, edge, "float32");
}
