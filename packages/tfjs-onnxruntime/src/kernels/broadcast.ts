/** A tensor repeated along its axes of length 1. */
import { type TensorInfo, util } from "@tensorflow/tfjs-core";
import { channelsFirst, channelsLast, padded } from "../graph/layout.js";
import type { Recorder } from "../graph/recorder.js";

/**
 * One number per channel, [1, …, 1, C], is repeated with channels first: what it is meant for comes from a convolution and has its
 * channels there. Everything else keeps its order.
 */
export function broadcastTensor(graph: Recorder, x: TensorInfo, shape: readonly number[]): TensorInfo {
  const number = x.shape.length > 0 ? graph.uniform(x) : undefined;
  if (number !== undefined) return graph.filled(number, shape, x.dtype);
  const rank = shape.length;
  const own = padded(x.shape, rank);
  const perChannel = rank > 2 && own.at(-1) === util.sizeFromShape(own);
  if (!perChannel) return graph.tensor(graph.expand(graph.input(x), shape));
  const axes = channelsFirst(rank);
  const channels = graph.reordered({ ...x, shape: own }, axes);
  return graph.view(
    graph.expand(
      channels,
      axes.map((axis) => shape[axis]!),
    ),
    channelsLast(rank),
  );
}
