/** Dropout whose masks have an address, so that a training step can be had again on any engine. */
import { elementCount, type RandomAddress, streams, uniforms } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";

/** Where the masks of one forward come from. */
export interface DropoutAddress {
  readonly seed: number | bigint;
  /** Of the forward: the step, or one per step and replica. */
  readonly index: number | bigint;
}

/** The lowest 8 bits of a stream say what it is for. */
const LAYER = 1 << 8;
/** A block has two residual layers at most. */
const LAYERS_PER_BLOCK = 2;

/** Gives dropout layers their places: the same when a block is run a second time. */
export interface Dropout {
  startBlock(number: number): void;
  /** Zeroes values at the given rate and scales the rest by 1 / (1 − rate). */
  drop(x: tf.Tensor, rate: number): tf.Tensor;
}

export function createDropout({ seed, index }: DropoutAddress): Dropout {
  let layer = 0;
  return {
    startBlock(number) {
      layer = number * LAYERS_PER_BLOCK;
    },
    drop(x, rate) {
      const stream = streams.dropout + LAYER * layer++;
      return tf.mul(x, mask({ seed, stream, index }, x.shape, rate));
    },
  };
}

function mask(address: RandomAddress, shape: number[], rate: number): tf.Tensor {
  const draws = uniforms(address, elementCount(shape));
  const scale = 1 / (1 - rate);
  const kept = new Float32Array(draws.length);
  for (let i = 0; i < kept.length; i++) kept[i] = draws[i]! < rate ? 0 : scale;
  return tf.tensor(kept, shape);
}
