/** Maps to tokens: pool → norm → 1×1 convolution, which is a linear layer over the tokens. Reference: `AttentionFusion.pre_layer`. */
import * as tf from "@tensorflow/tfjs-core";
import type { z } from "zod";
import { joinParameters, type Parameters, weightAndBias } from "../parameters.js";
import { adaptiveAveragePool, type Cells, pooledSize } from "../pooling.js";
import { createMapNorm, type MapNormSize, type MapOptions } from "./map-norm.js";
import { createPositions, type positionKinds } from "./positions.js";

export interface TokenizerSize {
  readonly tap: { readonly channels: number; readonly height: number; readonly width: number };
  readonly pool: Cells;
  readonly norm: MapNormSize["kind"];
  /** How many timesteps it serves. */
  readonly timesteps: number;
  /** Of a token. */
  readonly width: number;
  /** What is added to tokens of where they stand; nothing unless given. */
  readonly positions?: z.output<typeof positionKinds> | undefined;
  readonly seed: number | bigint;
}

export interface Tokenizer extends Parameters {
  /** Maps [N, C, H, W] → tokens [N, rows·columns, width]. @throws as the norm does. */
  forward(maps: tf.Tensor4D, options: MapOptions): tf.Tensor3D;
}

/** `NAME.1` is the norm, `NAME.2` the convolution with its weight [width, C, 1, 1], `NAME.positions` the embedding where there is one. */
export function createTokenizer(
  name: string,
  { tap, pool, norm: kind, timesteps, width, positions, seed }: TokenizerSize,
): Tokenizer {
  const { channels } = tap;
  const cells = pooledSize(tap, pool);
  const norm = createMapNorm(`${name}.1`, { kind, channels, timesteps, ...cells });
  const variables = weightAndBias(`${name}.2`, { shape: [width, channels, 1, 1], bias: true, seed });
  const [weight, bias] = [variables.get(`${name}.2.weight`)!, variables.get(`${name}.2.bias`)!];
  const placed =
    positions === "learned" ? createPositions(`${name}.positions`, { width, cells, seed }) : undefined;
  return {
    ...joinParameters(norm, { variables }, ...(placed ? [placed] : [])),
    forward(maps, options) {
      const normed = norm.forward(adaptiveAveragePool(maps, pool), options);
      const [batch, , rows, columns] = normed.shape;
      const places = tf.transpose(tf.reshape(normed, [batch, channels, rows * columns]), [0, 2, 1]);
      const flat = tf.reshape(places, [batch * rows * columns, channels]);
      const product = tf.matMul(flat, tf.reshape(weight, [width, channels]) as tf.Tensor2D, false, true);
      const tokens: tf.Tensor3D = tf.reshape(tf.add(product, bias), [batch, rows * columns, width]);
      return placed ? placed.forward(tokens, { height: rows, width: columns }) : tokens;
    },
  };
}
