/** LayerNorm over the last axis of tokens (Ba, Kiros and Hinton, 2016). */
import * as tf from "@tensorflow/tfjs-core";
import { constantVariable, type Parameters } from "../parameters.js";
import { standardise } from "./standardise.js";

/** PyTorch's default. */
export const LAYER_NORM_EPSILON = 1e-5;

export interface LayerNorm extends Parameters {
  /** [..., width] → the same. */
  forward<T extends tf.Tensor>(tokens: T): T;
}

/** `NAME.weight` (ones) and `NAME.bias` (zeros), both [width]. */
export function createLayerNorm(name: string, width: number): LayerNorm {
  const [weight, bias] = [constantVariable([width], 1), constantVariable([width], 0)];
  return {
    variables: new Map([
      [`${name}.weight`, weight],
      [`${name}.bias`, bias],
    ]),
    forward<T extends tf.Tensor>(tokens: T) {
      const axes = [tokens.rank - 1];
      const standardised = standardise(tokens, { axes, epsilon: LAYER_NORM_EPSILON });
      return tf.add(tf.mul(standardised, weight), bias) as T;
    },
  };
}
