/**
 * Mask classification (MaskFormer, arXiv 2107.06278): queries predict a class and a mask each; a pixel gets the class for which the
 * masks that it lies in speak most.
 */
import { DifftapError } from "@difftap/core";
import {
  createConvolution,
  createLinear,
  type ForwardOptions,
  joinParameters,
  type Linear,
  type Maps,
  type Parameters,
  resizeBilinear,
} from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { defineSegmenter } from "../definition.js";
import { sizeOf } from "../layers/channels-last.js";
import { createPixelDecoder, pixelDecoderFields } from "../layers/pixel-decoder.js";
import { createQueryDecoder } from "../layers/query-decoder.js";
import type { Memory } from "../layers/query-layer.js";
import { sinePositions } from "../layers/sine-positions.js";
import { type MaskClassificationLosses, maskClassificationLosses } from "../losses/mask-classification.js";
import { matchQueries } from "../matching/match.js";
import { maskTermFields, type QueryPrediction } from "../matching/prediction.js";

const spec = z.strictObject({
  ...pixelDecoderFields,
  /** Each can answer for one class of an image. */
  queries: z.int().positive().default(100),
  /** Of the transformer decoder. */
  layers: z.int().positive().default(3),
  /** Of each attention; divides the width. */
  heads: z.int().positive().default(8),
  /** Units of the hidden layer that changes a query, over the width. */
  mlpRatio: z.number().positive().default(4),
  ...maskTermFields,
  /** Of "no object" among the classes. */
  noObjectWeight: z.number().positive().default(0.1),
  /** Every layer of the transformer is held to the loss, or the last alone. */
  deepSupervision: z.boolean().default(true),
});

export const maskClassification = defineSegmenter({
  name: "mask-classification",
  spec,
  build({ spec: given, taps, classes, seed }) {
    const { width, heads, layers, queries, mlpRatio } = given;
    checkWidth(width, heads);
    const decoder = createPixelDecoder("decoder", { ...given, taps, seed });
    const size = { inputs: width, outputs: width, kernel: 3, stride: 1, bias: true, seed };
    const pixelEmbedding = createConvolution("pixel_embedding", size);
    const hidden = Math.floor(width * mlpRatio);
    const transformer = createQueryDecoder("queries", { queries, layers, width, heads, hidden, seed });
    const classify = createLinear("classify", { inputs: width, outputs: classes + 1, seed });
    const maskEmbedding = createMaskEmbedding("mask_embedding", width, seed);

    const predictions = (maps: Maps, options: ForwardOptions, from: number) => {
      const levels = decoder.forward(maps, options);
      const pixels = pixelEmbedding.forward(levels[0]!);
      const behind = transformer.forward(memoryOf(levels, width)).slice(from);
      return behind.map((tokens): QueryPrediction => {
        const rows = tf.reshape(tokens, [-1, width]) as tf.Tensor2D;
        const classLogits = tf.reshape(classify.forward(rows), [-1, queries, classes + 1]) as tf.Tensor3D;
        const embedded: tf.Tensor3D = tf.reshape(maskEmbedding.forward(rows), tokens.shape);
        return { classLogits, maskLogits: maskLogits(embedded, pixels) };
      });
    };
    return {
      ...joinParameters(decoder, pixelEmbedding, transformer, classify, maskEmbedding),
      predict(maps, wanted) {
        const [last] = predictions(maps, { training: false }, -1);
        const resized = resizeBilinear(last!.maskLogits, wanted);
        const masks = tf.reshape(tf.sigmoid(resized), [-1, queries, wanted.height * wanted.width]);
        const shares = tf.slice(tf.softmax(last!.classLogits), [0, 0, 0], [-1, -1, classes]);
        const scores = tf.matMul(shares, masks as tf.Tensor3D, true);
        return tf.reshape(scores, [-1, classes, wanted.height, wanted.width]) as tf.Tensor4D;
      },
      objective(maps, targets, options) {
        const found = predictions(maps, options, given.deepSupervision ? 0 : -1);
        const assigned = matchQueries(found, targets, given);
        const losses = found.map((each, index) =>
          maskClassificationLosses(each, assigned[index]!, targets, given),
        );
        return sumByName(losses);
      },
    };
  },
});

/** What queries look at: all maps coarser than the finest, which pixel embeddings are made of; that one where there is no other. */
function memoryOf(levels: readonly tf.Tensor4D[], width: number): Memory {
  const seen = levels.length > 1 ? levels.slice(1) : levels;
  const tokens = seen.map((map) => tf.reshape(map, [map.shape[0], -1, width]) as tf.Tensor3D);
  const positions = seen.map((map) => sinePositions(sizeOf(map), width));
  return { tokens: tf.concat(tokens, 1), positions: tf.concat(positions, 0) };
}

/** Products of mask embeddings [N, Q, width] and pixel embeddings [N, H, W, width]: [N, Q, H, W]. */
function maskLogits(embedded: tf.Tensor3D, pixels: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = pixels.shape;
  const rows = tf.reshape(pixels, [batch, height * width, channels]);
  return tf.reshape(tf.matMul(embedded, rows, false, true), [batch, embedded.shape[1], height, width]);
}

/** Three linear layers with ReLU between them, `NAME.0` to `NAME.2`. */
function createMaskEmbedding(name: string, width: number, seed: number | bigint): Linear & Parameters {
  const size = { inputs: width, outputs: width, seed };
  const [first, second, third] = [0, 1, 2].map((place) => createLinear(`${name}.${place}`, size)) as [
    Linear,
    Linear,
    Linear,
  ];
  return {
    ...joinParameters(first, second, third),
    forward: (rows) => third.forward(tf.relu(second.forward(tf.relu(first.forward(rows))))),
  };
}

function sumByName(losses: readonly MaskClassificationLosses[]): MaskClassificationLosses {
  const sum = (name: keyof MaskClassificationLosses) =>
    tf.addN(losses.map((each) => each[name])) as tf.Scalar;
  return { class: sum("class"), mask: sum("mask"), dice: sum("dice") };
}

function checkWidth(width: number, heads: number): void {
  const fault =
    width % heads !== 0
      ? `${heads} attention heads`
      : width % 4 !== 0
        ? "sines and cosines of rows and columns"
        : undefined;
  if (fault === undefined) return;
  throw new DifftapError("CONFIG_INVALID", `a width of ${width} cannot be divided among ${fault}`, {
    hint: "take a width that is a multiple of 4 and of the heads",
    details: { width, heads },
  });
}
