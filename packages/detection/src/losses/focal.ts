/** Focal loss (Lin et al., 2017, arXiv 1708.02002) on logits. */
import * as tf from "@tensorflow/tfjs-core";

export interface FocalOptions {
  /** Weight of what is there; what is not there weighs 1 − alpha. */
  readonly alpha: number;
  /** How much the well-classified count less; 0 is the cross-entropy. */
  readonly gamma: number;
}

/**
 * −α_t·(1 − p_t)^γ·log p_t, element by element. With u the logit, negated where the target is 1, 1 − p_t = σ(u) and −log p_t = softplus(u):
 * neither overflows.
 * @param targets 0 or 1, of the logits' shape
 */
export function focalLoss<T extends tf.Tensor>(
  logits: T,
  targets: tf.Tensor,
  { alpha, gamma }: FocalOptions,
): T {
  const wrong = tf.mul(logits, tf.sub(1, tf.mul(targets, 2)));
  const weight = tf.add(tf.mul(targets, 2 * alpha - 1), 1 - alpha);
  const hardness = tf.pow(tf.sigmoid(wrong), gamma);
  return tf.mul(weight, tf.mul(hardness, tf.softplus(wrong))) as T;
}
