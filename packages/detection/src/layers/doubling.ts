/**
 * PyTorch's ConvTranspose2d with kernel 2 and stride 2, on maps with channels last. Every cell becomes a 2×2 block of its own, so it is a
 * linear layer and a rearrangement, which any engine differentiates.
 */
import { constantVariable, type Parameters, weightAndBias } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";

export interface Doubling extends Parameters {
  /** [N, H, W, inputs] → [N, 2H, 2W, outputs]. */
  forward(map: tf.Tensor4D): tf.Tensor4D;
}

/** `NAME.weight` [inputs, outputs, 2, 2], drawn as PyTorch does, and `NAME.bias` [outputs], zeros. */
export function createDoubling(
  name: string,
  {
    inputs,
    outputs,
    seed,
  }: { readonly inputs: number; readonly outputs: number; readonly seed: number | bigint },
): Doubling {
  const variables = weightAndBias(name, { shape: [inputs, outputs, 2, 2], bias: false, seed });
  const weight = variables.get(`${name}.weight`)!;
  const bias = constantVariable([outputs], 0);
  return {
    variables: variables.set(`${name}.bias`, bias),
    forward(map) {
      const [batch, height, width] = map.shape;
      const cells = tf.reshape(map, [batch * height * width, inputs]) as tf.Tensor2D;
      const blocks = tf.matMul(cells, tf.reshape(weight, [inputs, outputs * 4]) as tf.Tensor2D);
      const split = tf.reshape(blocks, [batch, height, width, outputs, 2, 2]);
      const placed = tf.transpose(split, [0, 1, 4, 2, 5, 3]);
      return tf.add(tf.reshape(placed, [batch, 2 * height, 2 * width, outputs]), bias) as tf.Tensor4D;
    },
  };
}
