/** Dice loss (Milletari et al., 2016, arXiv 1606.04797), as CondInst has it for masks (arXiv 2003.05664). */
import * as tf from "@tensorflow/tfjs-core";

/** Keeps an empty mask's loss finite. As in the authors' code. */
const EPSILON = 1e-5;

/**
 * 1 − 2·Σ p·t / (Σ p² + Σ t²) over the last axis.
 * @param probabilities […, cells]
 * @param targets of the same shape
 */
export function diceLoss(probabilities: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  const last = probabilities.rank - 1;
  const shared = tf.sum(tf.mul(probabilities, targets), last);
  const all = tf.sum(tf.add(tf.square(probabilities), tf.square(targets)), last);
  return tf.sub(1, tf.div(tf.mul(shared, 2), tf.add(all, EPSILON)));
}
