/** A pre-norm transformer block: [x + MHSA(LN x); x + MLP(LN x)]. Reference: `Block` in `attention_head.py`. */
import * as tf from "@tensorflow/tfjs-core";
import { joinParameters, type Parameters } from "../parameters.js";
import { gelu } from "./gelu.js";
import { createLayerNorm } from "./layer-norm.js";
import { createLinear } from "./linear.js";
import { type AttentionSize, createSelfAttention, firstTokens } from "./self-attention.js";

export interface TransformerBlockSize extends AttentionSize {
  /** Hidden units of the MLP over the width, rounded down. */
  readonly mlpRatio: number;
}

export interface TransformerBlock extends Parameters {
  /**
   * Tokens [N, T, width] → [N, queries, width], and where those looked: [N, heads, queries, T].
   * The first `queries` tokens come out as if all were computed; the others only give their keys and values.
   */
  forward(
    tokens: tf.Tensor3D,
    queries: number,
  ): { readonly tokens: tf.Tensor3D; readonly weights: tf.Tensor4D };
}

export function createTransformerBlock(name: string, size: TransformerBlockSize): TransformerBlock {
  const { width, mlpRatio, seed } = size;
  const hidden = Math.floor(width * mlpRatio);
  const [norm1, norm2] = [createLayerNorm(`${name}.norm1`, width), createLayerNorm(`${name}.norm2`, width)];
  const attention = createSelfAttention(`${name}.attn`, size);
  const fc1 = createLinear(`${name}.mlp.fc1`, { inputs: width, outputs: hidden, seed });
  const fc2 = createLinear(`${name}.mlp.fc2`, { inputs: hidden, outputs: width, seed });
  return {
    ...joinParameters(norm1, attention, norm2, fc1, fc2),
    forward(tokens, queries) {
      const { values, weights } = attention.forward(norm1.forward(tokens), queries);
      const kept = queries === tokens.shape[1] ? tokens : firstTokens(tokens, queries);
      const attended = tf.add(kept, values) as tf.Tensor3D;
      const rows = tf.reshape(norm2.forward(attended), [-1, width]) as tf.Tensor2D;
      const changed = fc2.forward(gelu(fc1.forward(rows)));
      return { tokens: tf.add(attended, tf.reshape(changed, attended.shape)), weights };
    },
  };
}
