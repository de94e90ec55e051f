/** What may be fused onto a convolution: a bias, an activation. */
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Edge } from "../graph/edge.js";
import type { Recorder } from "../graph/recorder.js";
import { applyActivation } from "./activation.js";
import { alongChannels } from "./channels.js";
import { castEdge, elementsOf } from "./elementwise.js";
import type { Windows } from "./windows.js";

/** What a convolution kernel is given. */
export interface Fusion {
  readonly x: TensorInfo;
  readonly filter: TensorInfo;
  readonly bias?: TensorInfo;
  readonly preluActivationWeights?: TensorInfo;
}

/** What a fused kernel does after its convolution. */
export interface After {
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}

/** A bias per channel is part of the convolution; one of another shape is added. */
export function withBias(
  graph: Recorder,
  { bias }: Fusion,
  { outputChannels, channelsFirst, input }: Windows,
  convolution: (bias?: Edge) => Edge,
): Edge {
  if (bias === undefined) return convolution();
  const perChannel = bias.shape.length === 1 && bias.shape[0] === outputChannels;
  if (perChannel) return convolution(castEdge(graph, graph.input(bias), "float32"));
  const added = alongChannels(graph, bias, input.length + 2, channelsFirst);
  return elementsOf(graph).op("Add", [convolution(), castEdge(graph, added, "float32")]);
}

export function activated(
  graph: Recorder,
  edge: Edge,
  { preluActivationWeights: slopes }: Fusion,
  { channelsFirst }: Windows,
  { activation, leakyreluAlpha }: After,
): Edge {
  return applyActivation(elementsOf(graph), edge, activation, {
    ...(slopes && { prelu: alongChannels(graph, slopes, edge.shape.length, channelsFirst) }),
    ...(leakyreluAlpha !== undefined && { leakyreluAlpha }),
  });
}

/** A shape [N, C, …] in the order of the tensors. */
export function tensorShape(
  [batch, channels, ...sides]: readonly number[],
  { channelsFirst }: Windows,
): number[] {
  return channelsFirst ? [batch!, channels!, ...sides] : [batch!, ...sides, channels!];
}
