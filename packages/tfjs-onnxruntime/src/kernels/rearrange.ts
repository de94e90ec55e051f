/** Blocks of pixels that become channels or samples, and mirrored margins: the same numbers in other places. */
import {
  type BatchToSpaceNDAttrs,
  backend_util,
  type DepthToSpaceAttrs,
  type MirrorPadAttrs,
  type SpaceToBatchNDAttrs,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import { channelsFirst, channelsLast } from "../graph/layout.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { withMargins } from "./margins.js";

interface X {
  readonly x: TensorInfo;
}

/** Channels [block row, block column, depth] spread over blocks of pixels. */
function depthToSpace(
  graph: Recorder,
  x: TensorInfo,
  { blockSize, dataFormat }: DepthToSpaceAttrs,
): TensorInfo {
  const first = dataFormat === "NCHW";
  const edge = first ? graph.input(x) : graph.reordered(x, channelsFirst(4));
  const [batch, channels, height, width] = edge.shape as [number, number, number, number];
  const depth = channels / blockSize ** 2;
  const blocks = graph.reshape(edge, [batch, blockSize, blockSize, depth, height, width]);
  const spread = graph.transpose(blocks, [0, 3, 4, 1, 5, 2]);
  const result = graph.reshape(spread, [batch, depth, height * blockSize, width * blockSize]);
  return first ? graph.tensor(result) : graph.view(result, channelsLast(4));
}

function batchToSpace(
  graph: Recorder,
  x: TensorInfo,
  { blockShape, crops }: BatchToSpaceNDAttrs,
): TensorInfo {
  const size = util.sizeFromShape(blockShape);
  const reshaped = backend_util.getReshaped(x.shape, blockShape, size);
  const order = backend_util.getPermuted(reshaped.length, blockShape.length);
  const whole = backend_util.getReshapedPermuted(x.shape, blockShape, size);
  const skipped = backend_util.getSliceBeginCoords(crops, blockShape.length);
  const begin = whole.map((_, axis) => skipped[axis] ?? 0);
  const cut = backend_util.getSliceSize(whole, crops, blockShape.length);
  const shape = [...cut, ...whole.slice(cut.length)];
  const spread = graph.transpose(graph.reshape(graph.input(x), reshaped), order);
  return graph.tensor(cropped(graph, graph.reshape(spread, whole), begin, shape));
}

function cropped(graph: Recorder, edge: Edge, begin: readonly number[], shape: readonly number[]): Edge {
  if (shape.every((side, axis) => side === edge.shape[axis])) return edge;
  const end = shape.map((side, axis) => begin[axis]! + side);
  const lists = [begin, end, shape.map((_, axis) => axis)];
  return graph.node("Slice", [edge, ...lists.map((list) => graph.integers(list))], {
    shape,
    dtype: edge.dtype,
  });
}

function spaceToBatch(
  graph: Recorder,
  x: TensorInfo,
  { blockShape, paddings }: SpaceToBatchNDAttrs,
): TensorInfo {
  const size = util.sizeFromShape(blockShape);
  const zeros = (end: number) =>
    x.shape.map((_, axis) => (axis > 0 && axis <= blockShape.length ? paddings[axis - 1]![end]! : 0));
  const edge = withMargins(graph, graph.input(x), zeros(0), zeros(1));
  const shape = [...edge.shape];
  const reshaped = backend_util.getReshaped(shape, blockShape, size, false);
  const order = backend_util.getPermuted(reshaped.length, blockShape.length, false);
  const gathered = graph.transpose(graph.reshape(edge, reshaped), order);
  return graph.tensor(
    graph.reshape(gathered, backend_util.getReshapedPermuted(shape, blockShape, size, false)),
  );
}

/** Along each axis the margin is read backwards from the edge; `reflect` leaves the outermost element out, `symmetric` repeats it. */
function mirrorPad(graph: Recorder, x: TensorInfo, { paddings, mode }: MirrorPadAttrs): TensorInfo {
  const repeated = mode === "reflect" ? 0 : 1;
  const padded = x.shape.reduce((edge, side, axis) => {
    const [before, after] = paddings[axis]!;
    if (before + after === 0) return edge;
    const places = Int32Array.from({ length: before + side + after }, (_, i) => {
      if (i < before) return before - i - repeated;
      return i < before + side ? i - before : 2 * side - 2 - (i - before) + repeated;
    });
    const indices = graph.constant({ dtype: "int32", shape: [places.length], data: places });
    const shape = edge.shape.with(axis, places.length);
    return graph.node("Gather", [edge, indices], { shape, dtype: edge.dtype }, { attributes: { axis } });
  }, graph.input(x));
  return graph.tensor(padded);
}

export const rearrangeKernels: readonly Kernel[] = [
  kernel<X, DepthToSpaceAttrs>("DepthToSpace", (graph, { x }, attributes) =>
    depthToSpace(graph, x, attributes),
  ),
  kernel<X, BatchToSpaceNDAttrs>("BatchToSpaceND", (graph, { x }, attributes) =>
    batchToSpace(graph, x, attributes),
  ),
  kernel<X, SpaceToBatchNDAttrs>("SpaceToBatchND", (graph, { x }, attributes) =>
    spaceToBatch(graph, x, attributes),
  ),
  kernel<X, MirrorPadAttrs>("MirrorPad", (graph, { x }, attributes) => mirrorPad(graph, x, attributes)),
];
