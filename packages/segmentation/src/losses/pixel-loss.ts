/** How wrong a mask's pixel is, from its logit: binary cross-entropy, or focal loss (Lin et al., 2017, arXiv 1708.02002). */
import * as tf from "@tensorflow/tfjs-core";
import type { MaskTerms } from "../matching/prediction.js";

/** The paper's: the share of the positives, and the power of how wrong a pixel is. The power is a square below. */
const FOCAL_ALPHA = 0.25;

/**
 * Of each element; `masks` is 0 or 1, of the logits' shape or a number.
 * Binary cross-entropy is log(1 + eˣ) − x·t; focal loss is that times α_t·(1 − p_t)².
 */
export function pixelLoss(
  kind: MaskTerms["maskLoss"],
  logits: tf.Tensor,
  masks: tf.Tensor | number,
): tf.Tensor {
  const crossEntropy = tf.sub(tf.softplus(logits), tf.mul(logits, masks));
  if (kind === "bce") return crossEntropy;
  const probabilities = tf.sigmoid(logits);
  const wrong = tf.sub(tf.add(probabilities, masks), tf.mul(tf.mul(probabilities, masks), 2));
  const share = tf.add(tf.mul(masks, 2 * FOCAL_ALPHA - 1), 1 - FOCAL_ALPHA);
  return tf.mul(tf.mul(share, tf.square(wrong)), crossEntropy);
}
