/**
 * A layer of a transformer decoder: queries attend to the image, then to each other, then change one by one; a norm comes behind each.
 * As in Mask2Former (arXiv 2112.01527), without its masked attention.
 */
import { createLayerNorm, createLinear, joinParameters, type Parameters } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import { type AttentionSize, createAttention } from "./attention.js";

export interface QueryLayerSize extends AttentionSize {
  /** Hidden units between the two linear layers that change a query. */
  readonly hidden: number;
}

/** What queries look at. */
export interface Memory {
  /** [N, T, width] */
  readonly tokens: tf.Tensor3D;
  /** [T, width]: where each is. */
  readonly positions: tf.Tensor2D;
}

export interface QueryLayer extends Parameters {
  /** Queries [N, Q, width] → the same; `positions` [Q, width] are added to them wherever attention weighs them. */
  forward(queries: tf.Tensor3D, positions: tf.Tensor, memory: Memory): tf.Tensor3D;
}

/** `NAME.cross`, `NAME.self`, `NAME.linear1`, `NAME.linear2` and, behind each, `NAME.norm1` to `NAME.norm3`. */
export function createQueryLayer(name: string, size: QueryLayerSize): QueryLayer {
  const { width, hidden, seed } = size;
  const cross = createAttention(`${name}.cross`, size);
  const own = createAttention(`${name}.self`, size);
  const first = createLinear(`${name}.linear1`, { inputs: width, outputs: hidden, seed });
  const second = createLinear(`${name}.linear2`, { inputs: hidden, outputs: width, seed });
  const norm1 = createLayerNorm(`${name}.norm1`, width);
  const norm2 = createLayerNorm(`${name}.norm2`, width);
  const norm3 = createLayerNorm(`${name}.norm3`, width);
  return {
    ...joinParameters(cross, norm1, own, norm2, first, second, norm3),
    forward(queries, positions, memory) {
      const placed = (tokens: tf.Tensor3D) => sum(tokens, positions);
      const image = { keys: sum(memory.tokens, memory.positions), values: memory.tokens };
      const seen = norm1.forward(sum(queries, cross.forward({ queries: placed(queries), ...image })));
      const others = { queries: placed(seen), keys: placed(seen), values: seen };
      const heard = norm2.forward(sum(seen, own.forward(others)));
      const rows = tf.relu(first.forward(tf.reshape(heard, [-1, width])));
      const changed: tf.Tensor3D = tf.reshape(second.forward(rows), heard.shape);
      return norm3.forward(sum(heard, changed));
    },
  };
}

const sum = (tokens: tf.Tensor3D, added: tf.Tensor) => tf.add(tokens, added) as tf.Tensor3D;
