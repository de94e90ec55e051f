/** Largest and mean values of windows, on edges with channels first, for two and three spatial axes, and the way back. */
import type { DType } from "@difftap/core";
import { type Edge, sameShape } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { cut, fromColumns, seenOnly } from "./convolution.js";
import { elementsOf } from "./elementwise.js";
import { cutWindow, margins, withMargins } from "./margins.js";
import { inputShape, outputShape, places, product, type Windows, windowAttributes } from "./windows.js";

interface Placed {
  readonly edge: Edge;
  readonly windows: Windows;
  /** Margins are part of the edge now. */
  readonly margined: boolean;
}

/** ONNX's pools have margins smaller than the window: wider ones are put around the image first. */
function placed(graph: Recorder, x: Edge, windows: Windows, around: number): Placed {
  const seen = seenOnly(windows);
  const edge = cut(graph, x, seen);
  const { kernel, before, after } = seen;
  if (kernel.every((side, axis) => before[axis]! < side && after[axis]! < side))
    return { edge, windows: seen, margined: false };
  const input = seen.input.map((side, axis) => before[axis]! + side + after[axis]!);
  const none = input.map(() => 0);
  return {
    edge: withMargins(graph, edge, [0, 0, ...before], [0, 0, ...after], around),
    windows: { ...seen, input, before: none, after: none },
    margined: true,
  };
}

export function maxPool(graph: Recorder, x: Edge, windows: Windows): Edge {
  const { edge, windows: own } = placed(graph, x, windows, Number.NEGATIVE_INFINITY);
  const output = { shape: outputShape(own), dtype: x.dtype };
  return graph.node("MaxPool", [edge], output, { attributes: windowAttributes(own) });
}

interface Positions {
  readonly values: Edge;
  /** int64, into the image [N, C, …] that `windows` are on, flat. */
  readonly indices: Edge;
  readonly windows: Windows;
}

/** The largest values and where the first of each was. */
export function maxPoolPositions(graph: Recorder, x: Edge, windows: Windows): Positions {
  const { edge, windows: own } = placed(graph, x, windows, Number.NEGATIVE_INFINITY);
  const shape = outputShape(own);
  const outputs: { shape: number[]; dtype: DType }[] = [
    { shape, dtype: x.dtype },
    { shape, dtype: "int64" },
  ];
  const [values, indices] = graph.nodes("MaxPool", [edge], outputs, { attributes: windowAttributes(own) });
  return { values: values!, indices: indices!, windows: own };
}

/** dy goes to where the largest value was, the first one where several were. */
export function maxPoolGradient(graph: Recorder, x: Edge, dy: Edge, windows: Windows): Edge {
  const { indices, windows: own } = maxPoolPositions(graph, x, windows);
  const size = product(inputShape(own));
  const zeros = graph.expand(graph.number(0), [size]);
  const flat = [indices, dy].map((edge) => graph.reshape(edge, [product(edge.shape)]));
  const attributes = { axis: 0, reduction: "add" };
  const scattered = graph.node("ScatterElements", [zeros, ...flat], zeros, { attributes });
  return unplaced(graph, graph.reshape(scattered, inputShape(own)), windows, own);
}

/** Takes the margins off that were put around an image, and puts back what no window saw. */
function unplaced(graph: Recorder, edge: Edge, windows: Windows, own: Windows): Edge {
  const seen = seenOnly(windows);
  const begin = seen.before.map((zeros, axis) => zeros - own.before[axis]!);
  const end = seen.input.map((side, axis) => begin[axis]! + side);
  const lists = [begin, end, begin.map((_, axis) => axis + 2)].map((list) => graph.integers(list));
  const output = { shape: inputShape(seen), dtype: edge.dtype };
  const inner = sameShape(output.shape, edge.shape) ? edge : graph.node("Slice", [edge, ...lists], output);
  const missing = windows.input.map((side, axis) => side - seen.input[axis]!);
  return withMargins(graph, inner, [0, 0, ...missing.map(() => 0)], [0, 0, ...missing]);
}

/** The mean of what a window has of the image. */
export function averagePool(graph: Recorder, x: Edge, windows: Windows): Edge {
  const { edge, windows: own, margined } = placed(graph, x, windows, 0);
  const output = { shape: outputShape(own), dtype: x.dtype };
  if (!margined) {
    const attributes = { ...windowAttributes(own), count_include_pad: 0 };
    return graph.node("AveragePool", [edge], output, { attributes });
  }
  // Right behind a Pad, ONNX Runtime would take the wide margins into its pool after all.
  const sum = places(own.kernel)
    .map((place) => cutWindow(graph, edge, place, own))
    .reduce((a, b) => graph.node("Add", [a, b], output));
  return perCount(graph, sum, windows);
}

/** Each window's share, divided by the number of pixels it has of the image (1 where it has none): a product over the axes. */
function perCount(graph: Recorder, edge: Edge, windows: Windows): Edge {
  const { input, output, kernel, strides, before } = windows;
  return output.reduce((quotient, side, axis) => {
    const counts = Float32Array.from({ length: side }, (_, i) => {
      const begin = i * strides[axis]! - before[axis]!;
      return Math.max(1, Math.min(input[axis]!, begin + kernel[axis]!) - Math.max(0, begin));
    });
    const shape = output.map((_, each) => (each === axis ? side : 1));
    const divisor = counts.every((count) => count === kernel[axis])
      ? graph.number(kernel[axis]!)
      : graph.constant({ dtype: "float32", shape: [1, 1, ...shape], data: counts });
    return elementsOf(graph).op("Div", [quotient, divisor]);
  }, edge);
}

/** dy spread evenly over what each window has of the image. */
export function averagePoolGradient(graph: Recorder, dy: Edge, windows: Windows): Edge {
  const shares = perCount(graph, dy, windows);
  const { batch, inputChannels, kernel, output, strides } = windows;
  const { before, after } = margins(windows);
  const beside = kernel.every((side, axis) => side === strides[axis]);
  if (beside && [...before, ...after].every((zeros) => zeros === 0)) return repeated(graph, shares, windows);
  const column = graph.reshape(shares, [batch, inputChannels, 1, product(output)]);
  const taps = product(kernel);
  const columns = graph.expand(column, [batch, inputChannels, taps, product(output)]);
  return fromColumns(graph, graph.reshape(columns, [batch, inputChannels * taps, product(output)]), windows);
}

/** Windows that lie side by side: every output fills its own. */
function repeated(graph: Recorder, shares: Edge, windows: Windows): Edge {
  const { batch, inputChannels, kernel, output, input } = windows;
  const apart = graph.reshape(shares, [batch, inputChannels, ...output.flatMap((side) => [side, 1])]);
  const spread = graph.expand(apart, [
    batch,
    inputChannels,
    ...output.flatMap((side, axis) => [side, kernel[axis]!]),
  ]);
  const covered = output.map((side, axis) => side * kernel[axis]!);
  const whole = graph.reshape(spread, [batch, inputChannels, ...covered]);
  const rest = covered.map((side, axis) => input[axis]! - side);
  return withMargins(graph, whole, [0, 0, ...rest.map(() => 0)], [0, 0, ...rest]);
}
