/**
 * The operations that the U-Net is written in. A runtime implements them once over its own value type: a name in
 * an ONNX graph, a TensorFlow.js tensor, a plain array. Maps are [N, C, H, W].
 *
 * ```ts
 * import { unet, type Ops } from "@difftap/backbone";
 *
 * function output<T>(ops: Ops<T>, x: T, timesteps: T): T | undefined {
 *   return unet(ops, architecture, ops, { x, timesteps }, () => undefined);
 * }
 * ```
 */

import type { BlockInfo } from "./blocks.js";

/** Gives a parameter of the state dict by name. Kernels come with four dimensions: see `kernelShape`. */
export interface WeightAccess<T> {
  weight(name: string): T;
}

/** How attention's 3·C channels are laid out: (head, qkv, width) or (qkv, head, width). */
export type AttentionOrder = "split-heads-first" | "split-qkv-first";

export interface Ops<T> extends WeightAccess<T> {
  /** A parameter by its name in the state dict; asked for only when it is needed, once per use. */
  weight(name: string): T;
  /** x [N, in, H, W], weight [out, in, k, k] with k 1 or 3, bias [out]. */
  conv2d(x: T, weight: T, bias: T | null, options: { stride: 1 | 2; padding: 0 | 1 }): T;
  /** x [N, in], weight [out, in], bias [out] → [N, out]. */
  linear(x: T, weight: T, bias: T): T;
  /** Normalises each of 32 groups of channels over its channels and places, then weight [C] and bias [C]. */
  groupNorm(x: T, weight: T, bias: T, options: { groups: 32; epsilon: 1e-5 }): T;
  /** x·(1 + scale) + shift; x [N, C, H, W], scale and shift [N, C]. */
  scaleShift(x: T, scale: T, shift: T): T;
  /** x·sigmoid(x), of any shape. */
  silu(x: T): T;
  /** Sum of two values of one shape. */
  add(a: T, b: T): T;
  /** x [N, C, H, W] plus v [N, C] at every place. */
  addPerChannel(x: T, v: T): T;
  /** [N, 2C] → the first C columns and the last C. */
  splitChannels(x: T): [T, T];
  /** Joins maps along the channels, a's first. */
  concatChannels(a: T, b: T): T;
  /** Mean of each 2×2 square. */
  averagePool2(x: T): T;
  /** Each value becomes a 2×2 square. */
  upsampleNearest2(x: T): T;
  /** softmax(q·k / √(head width))·v over the H·W places; qkv [N, 3C, H, W] → [N, C, H, W]. */
  attention(qkv: T, options: { heads: number; order: AttentionOrder }): T;
  /** [N] → [N, width]: cosines, then sines, of t·exp(−ln 10000·i/half), half = ⌊width/2⌋; an odd width ends in a zero. */
  timestepEmbedding(timesteps: T, width: number): T;
  /** labels [N] of integers, table [classes, width] → [N, width]. */
  embedding(labels: T, table: T): T;
  /** Drops values at the given rate while training; the identity in runtimes that only infer. */
  dropout(x: T, rate: number): T;
}

/** What a runtime may do its own way; the numbers stay the same. */
export interface Shortcuts<T> {
  /** groupNorm, then scaleShift, in one pass over the map. */
  groupNormScaleShift?(
    x: T,
    weight: T,
    bias: T,
    scale: T,
    shift: T,
    options: { groups: 32; epsilon: 1e-5 },
  ): T;
  /**
   * Runs a block. `inputs` are the maps that come in (output blocks: also the kept one), then the embedding where the block
   * reads it. A runtime that saves memory keeps no more than those, and calls `run` again when the gradient comes by.
   */
  runBlock?(block: BlockInfo, inputs: readonly T[], run: (inputs: readonly T[]) => T): T;
}

/** What the pools of noisy classifiers need besides; groupNorm takes [N, C] as well there. */
export interface PoolOps<T> extends Ops<T> {
  /** max(x, 0), of any shape. */
  relu(x: T): T;
  /** [N, C, H, W] → [N, C]. */
  meanOverPlaces(x: T): T;
  /** Joins [N, …] along the second axis, in the order given. */
  concatColumns(values: readonly T[]): T;
  /** [N, C, H, W] → [N, C, 1 + H·W, 1]: the mean over the places, then the places, rows first. */
  meanBeforePlaces(x: T): T;
  /** x [N, C, places, 1] plus table [C, places] for every sample. */
  addPositions(x: T, table: T): T;
  /** [N, C, places, 1] → [N, C]. */
  firstPlace(x: T): T;
}

/**
 * The shape in which a kernel reaches `Ops.conv2d`: attention's 1×1 convolutions are stored with three dimensions
 * ([out, in, 1]) and are given as [out, in, 1, 1], the same bytes. Every other shape stays what it is.
 */
export function kernelShape(stored: readonly number[]): readonly number[] {
  return stored.length === 3 ? [...stored, 1] : stored;
}
