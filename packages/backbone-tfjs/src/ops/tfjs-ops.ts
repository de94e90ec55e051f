/** The operations of the U-Net on TensorFlow.js tensors; maps have channels last in here. */
import type { PoolOps } from "@difftap/backbone";
import * as tf from "@tensorflow/tfjs-core";
import { silu } from "./activation.js";
import { attend } from "./attention.js";
import { convolve } from "./convolution.js";
import type { Dropout } from "./dropout.js";
import { embedClasses, embedTimesteps } from "./embedding.js";
import { groupNormalise } from "./group-norm.js";
import { overPlaces, perChannel } from "./layout.js";
import { poolOps } from "./pooling.js";
import { averagePool2, upsampleNearest2 } from "./resampling.js";

/** @param dropout null: nothing is dropped. */
export function tfjsOps(weight: (name: string) => tf.Tensor, dropout: Dropout | null): PoolOps<tf.Tensor> {
  return {
    weight,
    conv2d: convolve,
    linear: (x, rows, bias) => tf.add(tf.matMul(x as tf.Tensor2D, rows as tf.Tensor2D, false, true), bias),
    groupNorm(x, factor, offset, options) {
      const maps = x.rank === 2 ? overPlaces(x) : x;
      return tf.reshape(groupNormalise(maps, perChannel(factor), perChannel(offset), options), x.shape);
    },
    scaleShift: (x, scale, shift) => tf.add(tf.mul(x, tf.add(overPlaces(scale), 1)), overPlaces(shift)),
    silu,
    add: (a, b) => tf.add(a, b),
    addPerChannel: (x, v) => tf.add(x, overPlaces(v)),
    splitChannels: (x) => tf.split(x, 2, 1) as [tf.Tensor, tf.Tensor],
    concatChannels: (a, b) => tf.concat([a, b], 3),
    averagePool2,
    upsampleNearest2,
    attention: attend,
    timestepEmbedding: embedTimesteps,
    embedding: embedClasses,
    dropout: (x, rate) => (dropout === null || rate === 0 ? x : dropout.drop(x, rate)),
    ...poolOps,
  };
}
