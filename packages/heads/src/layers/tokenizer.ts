/** Maps to tokens: pool → norm → 1×1 convolution, which is a linear layer over the tokens. Reference: `AttentionFusion.pre_layer`. */
import * as tf from "@tensorflow/tfjs-core";
import { joinParameters, type Parameters, weightAndBias } from "../parameters.js";
import { adaptiveAveragePool, type Cells, pooledSize } from "../pooling.js";
import { createMapNorm, type MapNormSize, type MapOptions } from "./map-norm.js";

export interface TokenizerSize {
  readonly tap: { readonly channels: number; readonly height: number; readonly width: number };
  readonly pool: Cells;
  readonly norm: MapNormSize["kind"];
  /** How many timesteps it serves. */
  readonly timesteps: number;
  /** Of a token. */
  readonly width: number;
  readonly seed: number | bigint;
}

export interface Tokenizer extends Parameters {
  /** Maps [N, C, H, W] → tokens [N, rows·columns, width]. @throws as the norm does. */
  forward(maps: tf.Tensor4D, options: MapOptions): tf.Tensor3D;
}

/** `NAME.1` is the norm, `NAME.2` the convolution with its weight [width, C, 1, 1]. */
export function createTokenizer(
  name: string,
  { tap, pool, norm: kind, timesteps, width, seed }: TokenizerSize,
): Tokenizer {
  const { channels } = tap;
  const norm = createMapNorm(`${name}.1`, { kind, channels, timesteps, ...pooledSize(tap, pool) });
  const variables = weightAndBias(`${name}.2`, { shape: [width, channels, 1, 1], bias: true, seed });
  const [weight, bias] = [variables.get(`${name}.2.weight`)!, variables.get(`${name}.2.bias`)!];
  return {
    ...joinParameters(norm, { variables }),
    forward(maps, options) {
      const normed = norm.forward(adaptiveAveragePool(maps, pool), options);
      const [batch, , rows, columns] = normed.shape;
      const places = tf.transpose(tf.reshape(normed, [batch, channels, rows * columns]), [0, 2, 1]);
      const flat = tf.reshape(places, [batch * rows * columns, channels]);
      const tokens = tf.matMul(flat, tf.reshape(weight, [width, channels]) as tf.Tensor2D, false, true);
      return tf.reshape(tf.add(tokens, bias), [batch, rows * columns, width]);
    },
  };
}
