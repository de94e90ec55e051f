/**
 * A depthwise 3×3 convolution under PyTorch's names, on maps with channels last. Nine shifted products: TensorFlow.js's own kernel has
 * no gradient on `wasm`.
 */
import * as tf from "@tensorflow/tfjs-core";
import { weightAndBias } from "../parameters.js";
import type { Convolution } from "./convolution.js";

const SIDE = 3;

/** `NAME.weight` [channels, 1, 3, 3]; no bias. [N, H, W, channels] → the same, padded with zeros. */
export function createDepthwise(
  name: string,
  { channels, seed }: { readonly channels: number; readonly seed: number | bigint },
): Convolution {
  const shape = [channels, 1, SIDE, SIDE];
  const variables = weightAndBias(name, { shape, bias: false, seed });
  const weight = variables.get(`${name}.weight`)!;
  return {
    variables,
    forward(maps) {
      const padded = tf.pad(maps, [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ]);
      const factors = tf.unstack(tf.reshape(weight, [channels, SIDE * SIDE]), 1);
      const products = factors.map((factor, place) => tf.mul(shifted(padded, maps.shape, place), factor));
      return tf.addN(products as tf.Tensor4D[]);
    },
  };
}

/** What the kernel's element at that place, rows first, sees of a padded map. */
function shifted(padded: tf.Tensor4D, shape: tf.Tensor4D["shape"], place: number): tf.Tensor4D {
  return tf.slice(padded, [0, Math.floor(place / SIDE), place % SIDE, 0], shape);
}
