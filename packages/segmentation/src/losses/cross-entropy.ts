/** Cross-entropy over pixels. */
import * as tf from "@tensorflow/tfjs-core";
import type { PixelTargets } from "../targets.js";

/**
 * Mean over all pixels that count of −log softmax(logits)[label], each weighted by its class where weights are given, as PyTorch's
 * `cross_entropy`; 0 where none counts.
 * @param logits [N, H, W, classes], of the targets' size.
 * @param classWeights one number per class.
 */
export function crossEntropy(
  logits: tf.Tensor4D,
  { oneHot, counted, classes }: PixelTargets,
  classWeights?: readonly number[],
): tf.Scalar {
  const weighted = classWeights ? tf.mul(oneHot, tf.tensor1d([...classWeights])) : oneHot;
  const total = tf.sum(classWeights ? weighted : counted);
  const logProbabilities = tf.logSoftmax(tf.reshape(logits, [-1, classes]));
  const sum = tf.neg(tf.sum(tf.mul(logProbabilities, tf.reshape(weighted, [-1, classes]))));
  return tf.div(sum, atLeastSome(total));
}

/** A weight that sums to nothing belongs to a loss of 0, not of 0/0. */
const SMALLEST_WEIGHT = 1e-12;

const atLeastSome = (weight: tf.Tensor) => tf.maximum(weight, SMALLEST_WEIGHT);
