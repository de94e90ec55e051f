/** Gradient clipping by global norm. Source: torch.nn.utils.clip_grad_norm_. */
import { tf } from "@difftap/engine";

/** Keeps the factor finite for gradients of zero. */
const EPSILON = 1e-6;

export interface Clipped<Key> {
  readonly gradients: ReadonlyMap<Key, tf.Tensor>;
  /** Euclidean norm of all gradients together, before clipping. */
  readonly norm: tf.Scalar;
}

/** Scales all gradients by one factor where their global norm is above `limit`. Records only; called inside a tidy. */
export function clipByGlobalNorm<Key>(gradients: ReadonlyMap<Key, tf.Tensor>, limit: number): Clipped<Key> {
  const squares = [...gradients.values()].map((gradient) => tf.sum(tf.square(gradient)));
  const norm = tf.sqrt(tf.addN(squares)) as tf.Scalar;
  const factor = tf.minimum(tf.div(limit, tf.add(norm, EPSILON)), 1);
  const clipped = [...gradients].map(([name, gradient]) => [name, tf.mul(gradient, factor)] as const);
  return { gradients: new Map(clipped), norm };
}
