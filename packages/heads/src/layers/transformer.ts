/**
 * Tokens behind a CLS token through transformer blocks; the CLS token comes out. No position embedding, no final norm.
 * Reference: `AttentionHead`. In the last block only the CLS token asks, as nothing else of it is read: the same numbers for the
 * price of little more than its keys and values.
 */
import * as tf from "@tensorflow/tfjs-core";
import { joinParameters, normalVariable, type Parameters } from "../parameters.js";
import { createTransformerBlock, type TransformerBlockSize } from "./transformer-block.js";

/** timm's for CLS tokens. At zero, as the reference has it, the last block's query and key would begin without gradient. */
const CLS_DEVIATION = 0.02;

export interface TransformerSize extends TransformerBlockSize {
  readonly layers: number;
}

export interface Transformer extends Parameters {
  /** Tokens [N, T, width] → the CLS token's output [N, width]. */
  forward(tokens: tf.Tensor3D): tf.Tensor2D;
  /** Where the CLS token looks in each block: [N, layers, heads, T]. What is missing to a sum of 1 it gives to itself. */
  attention(tokens: tf.Tensor3D): tf.Tensor4D;
}

/** `NAME.cls_token` [1, 1, width] and the blocks `NAME.layers.1`, … */
export function createTransformer(name: string, { layers, ...size }: TransformerSize): Transformer {
  const { width, seed } = size;
  const cls = normalVariable(`${name}.cls_token`, [1, 1, width], CLS_DEVIATION, seed);
  const blocks = Array.from({ length: layers }, (_, index) =>
    createTransformerBlock(`${name}.layers.${index + 1}`, size),
  );
  const run = (tokens: tf.Tensor3D, watch?: (weights: tf.Tensor4D) => void) => {
    // Added to zeros, not tiled: the gradient of a tiling is one slice per sample.
    const first = tf.add(tf.zeros([tokens.shape[0], 1, 1]), cls) as tf.Tensor3D;
    let values: tf.Tensor3D = tf.concat([first, tokens], 1);
    for (const block of blocks) {
      const queries = block === blocks.at(-1) ? 1 : values.shape[1];
      const result = block.forward(values, queries);
      values = result.tokens;
      watch?.(result.weights);
    }
    return tf.reshape(tf.slice(values, [0, 0, 0], [-1, 1, -1]), [-1, width]) as tf.Tensor2D;
  };
  return {
    ...joinParameters({ variables: new Map([[`${name}.cls_token`, cls]]) }, ...blocks),
    forward: (tokens) => run(tokens),
    attention(tokens) {
      const rows: tf.Tensor3D[] = [];
      run(tokens, (weights) => rows.push(clsRow(weights)));
      return tf.stack(rows, 1) as tf.Tensor4D;
    },
  };
}

/** [N, heads, queries, 1 + T] → the CLS token's weights on the others, [N, heads, T]. */
function clsRow(weights: tf.Tensor4D): tf.Tensor3D {
  const [batch, heads, , count] = weights.shape;
  const row = tf.slice(weights, [0, 0, 0, 1], [-1, -1, 1, count - 1]);
  return tf.reshape(row, [batch, heads, count - 1]);
}
