/** A linear layer under PyTorch's names. */
import * as tf from "@tensorflow/tfjs-core";
import { type LinearSize, linearParameters, type Parameters } from "../parameters.js";

export interface Linear extends Parameters {
  /** [N, inputs] → [N, outputs]. */
  forward(rows: tf.Tensor2D): tf.Tensor2D;
}

/** `NAME.weight` [outputs, inputs] and, unless refused, `NAME.bias` [outputs]. */
export function createLinear(name: string, size: LinearSize): Linear {
  const variables = linearParameters(name, size);
  const weight = variables.get(`${name}.weight`) as tf.Variable<tf.Rank.R2>;
  const bias = variables.get(`${name}.bias`);
  return {
    variables,
    forward(rows) {
      const product: tf.Tensor2D = tf.matMul(rows, weight, false, true);
      return bias ? tf.add(product, bias) : product;
    },
  };
}
