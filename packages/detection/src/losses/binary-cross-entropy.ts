/** Binary cross-entropy on logits, for targets anywhere between 0 and 1. */
import * as tf from "@tensorflow/tfjs-core";

/** −t·log σ(z) − (1 − t)·log(1 − σ(z)) = softplus(z) − t·z, element by element. */
export function binaryCrossEntropy<T extends tf.Tensor>(logits: T, targets: tf.Tensor): T {
  return tf.sub(tf.softplus(logits), tf.mul(targets, logits)) as T;
}
