/** The zeros around an image, and what each place of a kernel sees of it. */
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import type { Windows } from "./windows.js";

/** Zeros in front of and behind each spatial axis. */
export function margins({ before, after }: Windows): { before: readonly number[]; after: readonly number[] } {
  return { before, after: after.map((zeros) => Math.max(0, zeros)) };
}

/** An edge with numbers, zero unless given, in front of and behind each axis. */
export function withMargins(
  graph: Recorder,
  edge: Edge,
  before: readonly number[],
  after: readonly number[],
  number = 0,
): Edge {
  if ([...before, ...after].every((zeros) => zeros === 0)) return edge;
  const shape = edge.shape.map((side, axis) => before[axis]! + side + after[axis]!);
  const inputs = [edge, graph.integers([...before, ...after]), graph.number(number, edge.dtype)];
  return graph.node("Pad", inputs, { shape, dtype: edge.dtype });
}

/** What one place of the kernel sees of an image [·, ·, …] that has its zeros around it. */
export function cutWindow(graph: Recorder, image: Edge, place: readonly number[], windows: Windows): Edge {
  const { output, strides, dilations } = windows;
  const begin = place.map((each, axis) => each * dilations[axis]!);
  const end = begin.map((first, axis) => first + (output[axis]! - 1) * strides[axis]! + 1);
  const shape = [...image.shape.slice(0, 2), ...output];
  const whole = shape.every((side, axis) => side === image.shape[axis]);
  if (whole) return image;
  const lists = [begin, end, place.map((_, axis) => axis + 2), [...strides]];
  return graph.node("Slice", [image, ...lists.map((list) => graph.integers(list))], {
    shape,
    dtype: image.dtype,
  });
}
