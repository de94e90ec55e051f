/** Reading and giving back tensors of convolutions and pools, which ONNX has with channels in front. */
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import { channelsFirst, channelsLast, padded } from "../graph/layout.js";
import type { Recorder } from "../graph/recorder.js";
import { castEdge, edgeType } from "./elementwise.js";

/** A tensor [N, …, C], or [N, C, …] where `first` says so, as a float32 edge [N, C, …]. */
export function readChannelsFirst(graph: Recorder, x: TensorInfo, first: boolean): Edge {
  const edge = first ? graph.input(x) : graph.reordered(x, channelsFirst(x.shape.length));
  return castEdge(graph, edge, "float32");
}

/** An edge [N, C, …] as a tensor in the order and of the type asked for. */
export function giveChannelsFirst(
  graph: Recorder,
  edge: Edge,
  first: boolean,
  dtype: TensorInfo["dtype"] = "float32",
): TensorInfo {
  const typed = castEdge(graph, edge, edgeType(dtype));
  return first ? graph.tensor(typed) : graph.view(typed, channelsLast(typed.shape.length));
}

/** A bias or slopes to broadcast over an edge [N, C, …]: one per channel, or shaped like the tensor. */
export function alongChannels(graph: Recorder, x: TensorInfo, rank: number, first: boolean): Edge {
  const perChannel = x.shape.length === 1 && x.shape[0]! > 1;
  if (first && perChannel) return graph.reshape(graph.input(x), [x.shape[0]!, ...ones(rank - 2)]);
  if (first || x.shape.length === 0) return graph.input(x);
  return graph.reordered({ ...x, shape: padded(x.shape, rank) }, channelsFirst(rank));
}

function ones(count: number): number[] {
  return new Array<number>(count).fill(1);
}
