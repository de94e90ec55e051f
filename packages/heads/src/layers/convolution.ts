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
      const result = tf.conv2d(padded(maps, (kernel - 1) / 2), filter, stride, "valid");
      return bias ? tf.add(result, bias) : result;
    },
  };
}

/** The same number of zeros on all four sides, as PyTorch pads: TensorFlow's "same" differs at stride 2, and its addon has no other. */
function padded(maps: tf.Tensor4D, border: number): tf.Tensor4D {
  const around: [number, number] = [border, border];
  return border === 0 ? maps : tf.pad(maps, [[0, 0], around, around, [0, 0]]);
}
