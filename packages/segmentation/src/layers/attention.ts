/** Multi-head attention of one set of tokens to another (Vaswani et al., 2017, arXiv 1706.03762). */
import { createLinear, joinParameters, type Linear, type Parameters } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";

export interface AttentionSize {
  readonly width: number;
  /** Divides the width. */
  readonly heads: number;
  readonly seed: number | bigint;
}

/** What asks, and what is asked; keys and values have one number of tokens. */
interface Attending {
  /** [N, Q, width] */
  readonly queries: tf.Tensor3D;
  /** [N, T, width] */
  readonly keys: tf.Tensor3D;
  /** [N, T, width] */
  readonly values: tf.Tensor3D;
}

export interface Attention extends Parameters {
  /** → [N, Q, width] */
  forward(attending: Attending): tf.Tensor3D;
}

/** `NAME.query`, `NAME.key`, `NAME.value` without a bias, as a transformer of @difftap/heads has them, and `NAME.out` with one. */
export function createAttention(name: string, { width, heads, seed }: AttentionSize): Attention {
  const linear = (part: string, bias: boolean) =>
    createLinear(`${name}.${part}`, { inputs: width, outputs: width, bias, seed });
  const [query, key, value] = [linear("query", false), linear("key", false), linear("value", false)];
  const out = linear("out", true);
  const headWidth = width / heads;
  /** [N, T, width] → [N, heads, T, width / heads] */
  const project = (tokens: tf.Tensor3D, layer: Linear) => {
    const [batch, count] = tokens.shape;
    const rows = layer.forward(tf.reshape(tokens, [batch * count, width]));
    return tf.transpose(tf.reshape(rows, [batch, count, heads, headWidth]), [0, 2, 1, 3]);
  };
  return {
    ...joinParameters(query, key, value, out),
    forward({ queries, keys, values }) {
      const asked = tf.mul(project(queries, query), headWidth ** -0.5);
      const weights = tf.softmax(tf.matMul(asked, project(keys, key), false, true));
      const found = tf.transpose(tf.matMul(weights, project(values, value)), [0, 2, 1, 3]);
      const rows = out.forward(tf.reshape(found, [-1, width]) as tf.Tensor2D);
      return tf.reshape(rows, queries.shape);
    },
  };
}
