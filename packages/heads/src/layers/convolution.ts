/** A convolution under PyTorch's names, on maps with channels last. */
import * as tf from "@tensorflow/tfjs-core";
import { type Parameters, weightAndBias } from "../parameters.js";

export interface ConvolutionSize {
  readonly inputs: number;
  readonly outputs: number;
  /** Side of the square kernel, odd. */
  readonly kernel: number;
  readonly stride: number;
  readonly bias: boolean;
  readonly seed: number | bigint;
}

export interface Convolution extends Parameters {
  /** [N, H, W, inputs] → [N, ⌈H/stride⌉, ⌈W/stride⌉, outputs], padded by half a kernel with zeros. */
  forward(maps: tf.Tensor4D): tf.Tensor4D;
}

/** `NAME.weight` [outputs, inputs, kernel, kernel] and, where asked, `NAME.bias`. */
export function createConvolution(
  name: string,
  { inputs, outputs, kernel, stride, bias: biased, seed }: ConvolutionSize,
): Convolution {
  const shape = [outputs, inputs, kernel, kernel];
  const variables = weightAndBias(name, { shape, bias: biased, seed });
  const [weight, bias] = [variables.get(`${name}.weight`)!, variables.get(`${name}.bias`)];
  return {
    variables,
    forward(maps) {
      const filter = tf.transpose(weight, [2, 3, 1, 0]) as tf.Tensor4D;
      const result = tf.conv2d(maps, filter, stride, (kernel - 1) / 2);
      return bias ? tf.add(result, bias) : result;
    },
  };
}
