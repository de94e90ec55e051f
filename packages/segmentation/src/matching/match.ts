/** Matching inside a training step: costs on the engine, the assignment in plain numbers, and back. */
import * as tf from "@tensorflow/tfjs-core";
import { type PixelTargets, resizeTargets } from "../targets.js";
import { assignQueries } from "./assign.js";
import { matchingCosts } from "./costs.js";
import type { MaskTerms, QueryPrediction } from "./prediction.js";

/**
 * For each prediction which query has which class, [N, Q, classes] of 0 and 1. Constants to the gradient, as in MaskFormer. Costs are
 * taken at the masks' size; those of all predictions are read from the engine at once.
 */
export function matchQueries(
  predictions: readonly QueryPrediction[],
  targets: PixelTargets,
  terms: MaskTerms,
): tf.Tensor3D[] {
  const { classLogits, maskLogits } = predictions[0]!;
  const [batch, queries] = classLogits.shape;
  const { classes } = targets;
  const small = resizeTargets(targets, { height: maskLogits.shape[2], width: maskLogits.shape[3] });
  const costs = tf.stack(predictions.map((prediction) => unrecordedCosts(prediction, small, terms)));
  const pixels = tf.sum(targets.oneHot, [1, 2]);
  const [read, shown] = [costs.dataSync(), pixels.dataSync()];
  const length = batch * queries * classes;
  return predictions.map((_, index) => {
    const own = read.subarray(index * length, (index + 1) * length);
    return tf.tensor3d(assignQueries(own, shown, { batch, queries, classes }), [batch, queries, classes]);
  });
}

/**
 * TensorFlow.js keeps what it computes under a gradient until the gradient is done; inside a function with a gradient of its own it
 * keeps nothing. Nobody asks for this one: what is read from the engine and written back is a constant.
 */
function unrecordedCosts(prediction: QueryPrediction, targets: PixelTargets, terms: MaskTerms): tf.Tensor {
  const compute = tf.customGrad((...given) => {
    const [classLogits, maskLogits] = given as unknown as [tf.Tensor3D, tf.Tensor4D];
    const value = matchingCosts({ classLogits, maskLogits }, targets, terms);
    return { value, gradFunc: () => [tf.zerosLike(classLogits), tf.zerosLike(maskLogits)] };
  });
  return compute(prediction.classLogits, prediction.maskLogits);
}
