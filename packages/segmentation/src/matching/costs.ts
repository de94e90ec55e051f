/** What it would cost to make a query responsible for a class: MaskFormer's matching cost, of all pairs at once. */
import * as tf from "@tensorflow/tfjs-core";
import { pixelLoss } from "../losses/pixel-loss.js";
import type { PixelTargets } from "../targets.js";
import type { MaskTerms, QueryPrediction } from "./prediction.js";

/**
 * Costs [N, Q, classes]: −probability of the class, the mean loss of the mask's pixels, and its dice loss, weighted and summed. Pixels
 * that are ignored do not count. Costs of classes that an image does not show mean nothing.
 * @param targets of the masks' size.
 */
export function matchingCosts(
  { classLogits, maskLogits }: QueryPrediction,
  targets: PixelTargets,
  { maskLoss, classWeight, maskWeight, diceWeight }: MaskTerms,
): tf.Tensor3D {
  const [batch, queries, height, width] = maskLogits.shape;
  const pixels = height * width;
  const logits: tf.Tensor3D = tf.reshape(maskLogits, [batch, queries, pixels]);
  const masks: tf.Tensor3D = tf.reshape(targets.oneHot, [batch, pixels, targets.classes]);
  const counted: tf.Tensor3D = tf.reshape(targets.counted, [batch, pixels, 1]);
  const probabilities = tf.slice(tf.softmax(classLogits), [0, 0, 0], [-1, -1, targets.classes]);
  const terms = [
    tf.mul(probabilities, -classWeight),
    tf.mul(pixelCosts(maskLoss, logits, masks, counted), maskWeight),
    tf.mul(diceCosts(logits, masks, counted), diceWeight),
  ];
  return tf.addN(terms as tf.Tensor3D[]);
}

/** Each pixel is inside the class or outside: two losses, gathered by matrix products. */
function pixelCosts(
  kind: MaskTerms["maskLoss"],
  logits: tf.Tensor3D,
  masks: tf.Tensor3D,
  counted: tf.Tensor3D,
): tf.Tensor {
  const [inside, outside] = [pixelLoss(kind, logits, 1), pixelLoss(kind, logits, 0)] as const;
  const gained = tf.matMul(tf.sub(inside, outside), masks);
  const total = tf.add(gained, tf.matMul(outside, counted));
  return tf.div(total, tf.maximum(tf.sum(counted, [1, 2], true), 1));
}

function diceCosts(logits: tf.Tensor3D, masks: tf.Tensor3D, counted: tf.Tensor3D): tf.Tensor {
  const probabilities = tf.mul(tf.sigmoid(logits), tf.transpose(counted, [0, 2, 1]));
  const shared = tf.mul(tf.matMul(probabilities, masks), 2);
  const sizes = tf.add(tf.sum(probabilities, 2, true), tf.sum(masks, 1, true));
  return tf.sub(1, tf.div(tf.add(shared, 1), tf.add(sizes, 1)));
}
