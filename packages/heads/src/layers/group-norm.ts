/** GroupNorm (Wu and He, 2018) with 32 groups, on maps with channels last. */
import * as tf from "@tensorflow/tfjs-core";
import { constantVariable, type Parameters } from "../parameters.js";
import { standardise } from "./standardise.js";

const GROUPS = 32;
/** PyTorch's default. */
const EPSILON = 1e-5;

export interface GroupNorm extends Parameters {
  /** [N, H, W, C] → the same. */
  forward(maps: tf.Tensor4D): tf.Tensor4D;
}

/** `NAME.weight` and `NAME.bias`, both [C]; C is a multiple of 32. */
export function createGroupNorm(name: string, channels: number): GroupNorm {
  const [weight, bias] = [constantVariable([channels], 1), constantVariable([channels], 0)];
  return {
    variables: new Map([
      [`${name}.weight`, weight],
      [`${name}.bias`, bias],
    ]),
    forward(maps) {
      const [batch, height, width] = maps.shape;
      const groups = tf.reshape(maps, [batch, height * width, GROUPS, channels / GROUPS]);
      const standardised = standardise(groups, { axes: [1, 3], epsilon: EPSILON });
      return tf.add(tf.mul(tf.reshape(standardised, maps.shape), weight), bias) as tf.Tensor4D;
    },
  };
}
