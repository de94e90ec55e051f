/** Orders of axes. TensorFlow.js has channels last, ONNX's convolutions and pools have channels first; views carry the difference. */
import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Edge, sameShape } from "./edge.js";
import type { Recorder } from "./recorder.js";

/** Axes of a channels-last tensor [N, …, C] in the channels-first order [N, C, …]. */
export function channelsFirst(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
}

/** The way back. */
export function channelsLast(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

export function inverse(axes: readonly number[]): number[] {
  const back = new Array<number>(axes.length);
  axes.forEach((axis, i) => {
    back[axis] = i;
  });
  return back;
}

/** A shape with ones in front until it has the rank. */
export function padded(shape: readonly number[], rank: number): number[] {
  return [...new Array<number>(rank - shape.length).fill(1), ...shape];
}

/** The order that an elementwise operation works in: `axes` of its result, undefined for the plain one. */
export interface Layout {
  readonly axes: readonly number[] | undefined;
}

/**
 * Chooses the order for an operation whose result has `shape`: that of its views when nothing else of that size takes part, and always
 * that of a channels-last view of a convolution, whose consumer is most likely a convolution again.
 */
export function chooseLayout(
  graph: Recorder,
  inputs: readonly TensorInfo[],
  shape: readonly number[],
): Layout {
  const large = inputs.filter((x) => sameShape(x.shape, shape) && graph.uniform(x) === undefined);
  const views = large.flatMap((x) => graph.viewOf(x)?.axes ?? []);
  if (views.length === 0) return { axes: undefined };
  const all = large.map((x) => graph.viewOf(x)?.axes);
  const convolutional = channelsLast(shape.length);
  if (shape.length > 2 && all.some((axes) => axes !== undefined && sameShape(axes, convolutional))) {
    return { axes: convolutional };
  }
  const first = all[0];
  return {
    axes: first && all.every((axes) => axes !== undefined && sameShape(axes, first)) ? first : undefined,
  };
}

/** A tensor in a layout, ready to be broadcast to `shape`; a number where the tensor is the same everywhere. */
export function inLayout(graph: Recorder, x: TensorInfo, shape: readonly number[], { axes }: Layout): Edge {
  const number = graph.uniform(x);
  if (number !== undefined) return graph.number(number, x.dtype as "float32");
  if (axes === undefined) return graph.input(x);
  return graph.reordered({ ...x, shape: padded(x.shape, shape.length) }, inverse(axes));
}

/** The shape of a result in its layout. */
export function layoutShape(shape: readonly number[], { axes }: Layout): readonly number[] {
  return axes === undefined ? shape : inverse(axes).map((axis) => shape[axis]!);
}

/** A result in a layout as a tensor. */
export function fromLayout(graph: Recorder, edge: Edge, { axes }: Layout): TensorInfo {
  return axes === undefined ? graph.tensor(edge) : graph.view(edge, axes);
}
