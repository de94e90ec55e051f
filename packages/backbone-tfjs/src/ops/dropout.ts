/** Dropout whose masks have an address, so that a training step can be had again on any engine. */
import { elementCount, streams, uniforms } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";

/** Where the masks of one forward come from. */
export interface DropoutAddress {
  readonly seed: number | bigint;
  /** Of the forward: the step, or one per step and replica. */
  readonly index: number | bigint;
}

/** Layers are told apart above a stream's lowest 8 bits. */
const LAYER = 1 << 8;

/** Zeroes values at the given rate and scales the rest by 1 / (1 − rate). `layer` counts dropouts in running order from 0. */
export function drop(x: tf.Tensor, rate: number, { seed, index }: DropoutAddress, layer: number): tf.Tensor {
  const stream = streams.dropout + LAYER * layer;
  const draws = uniforms({ seed, stream, index }, elementCount(x.shape));
  const scale = 1 / (1 - rate);
  const mask = new Float32Array(draws.length);
  for (let i = 0; i < mask.length; i++) mask[i] = draws[i]! < rate ? 0 : scale;
  return tf.mul(x, tf.tensor(mask, x.shape));
}
