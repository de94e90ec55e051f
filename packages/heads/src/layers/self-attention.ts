/** Multi-head self-attention; qkv without bias, its rows split as (3, heads, head width). Reference: `Attention` in `attention_head.py`. */
import * as tf from "@tensorflow/tfjs-core";
import { joinParameters, type Parameters } from "../parameters.js";
import { createLinear } from "./linear.js";

export interface AttentionSize {
  readonly width: number;
  /** Divides the width. */
  readonly heads: number;
  readonly seed: number | bigint;
}

interface AttentionResult {
  /** [N, queries, width]. */
  readonly values: tf.Tensor3D;
  /** How much of each token each query takes: [N, heads, queries, tokens], rows summing to 1. */
  readonly weights: tf.Tensor4D;
}

export interface SelfAttention extends Parameters {
  /** Tokens [N, T, width]; only the first `queries` of them ask. */
  forward(tokens: tf.Tensor3D, queries: number): AttentionResult;
}

/** `NAME.qkv.weight` [3·width, width], `NAME.proj.weight` and `NAME.proj.bias`. */
export function createSelfAttention(name: string, { width, heads, seed }: AttentionSize): SelfAttention {
  const qkv = createLinear(`${name}.qkv`, { inputs: width, outputs: 3 * width, bias: false, seed });
  const proj = createLinear(`${name}.proj`, { inputs: width, outputs: width, seed });
  const weight = qkv.variables.get(`${name}.qkv.weight`) as tf.Variable<tf.Rank.R2>;
  const headWidth = width / heads;
  /** [N, T, width] by rows [first, first + width) of the weight → [N, heads, T, head width]. */
  const project = (tokens: tf.Tensor3D, rows: tf.Tensor2D) => {
    const [batch, count] = tokens.shape;
    const product = tf.matMul(tf.reshape(tokens, [batch * count, width]), rows, false, true);
    return tf.transpose(tf.reshape(product, [batch, count, heads, headWidth]), [0, 2, 1, 3]) as tf.Tensor4D;
  };
  return {
    ...joinParameters(qkv, proj),
    forward(tokens, queries) {
      const [batch, count] = tokens.shape;
      const asking = queries === count ? tokens : firstTokens(tokens, queries);
      const [toQuery, toKey, toValue] = tf.split(weight, 3) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const query = tf.mul(project(asking, toQuery), headWidth ** -0.5);
      const weights = tf.softmax(tf.matMul(query, project(tokens, toKey), false, true)) as tf.Tensor4D;
      const found = tf.transpose(tf.matMul(weights, project(tokens, toValue)), [0, 2, 1, 3]);
      const rows = proj.forward(tf.reshape(found, [batch * queries, width]));
      return { values: tf.reshape(rows, [batch, queries, width]), weights };
    },
  };
}

/** The first `count` tokens of each sample. */
export function firstTokens(tokens: tf.Tensor3D, count: number): tf.Tensor3D {
  return tf.slice(tokens, [0, 0, 0], [-1, count, -1]);
}
