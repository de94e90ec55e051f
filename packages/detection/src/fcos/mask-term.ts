/** What the mask branch minimises. */
import * as tf from "@tensorflow/tfjs-core";
import { diceLoss } from "../losses/dice.js";
import type { MaskBranch } from "../masks/mask-branch.js";
import { selectRows, selectSharedRows } from "../masks/select-rows.js";
import { maskNames } from "../targets/mask-targets.js";
import { targetOf } from "./objective.js";

export interface MaskInputs {
  /** [N, locations, numbers]. */
  readonly filters: tf.Tensor3D;
  /** [N, H, W, channels]. */
  readonly maskFeatures: tf.Tensor4D;
  /** [locations, 3]. */
  readonly places: tf.Tensor2D;
}

/**
 * Dice loss of the masks at the sampled locations, their mean over the batch.
 * @throws DifftapError REQUEST_INVALID for targets that are missing or of another size.
 */
export function maskTerm(
  branch: MaskBranch,
  { filters, maskFeatures, places }: MaskInputs,
  targets: Readonly<Record<string, tf.Tensor>>,
  { samples, upsample }: { readonly samples: number; readonly upsample: number },
): tf.Scalar {
  const [batch, height, width] = maskFeatures.shape;
  const cells = height * upsample * width * upsample;
  const chosen = targetOf(targets, maskNames.locations, [batch, samples]) as tf.Tensor2D;
  const weights = targetOf(targets, maskNames.weights, [batch, samples]);
  const pixels = targetOf(targets, maskNames.pixels, [batch, samples, cells]);
  const located = selectSharedRows(places, chosen);
  const logits = branch.logits(maskFeatures, selectRows(filters, chosen), located);
  const probabilities = tf.reshape(tf.sigmoid(logits), [batch, samples, cells]);
  const losses = tf.mul(diceLoss(probabilities, pixels), weights);
  return tf.div(tf.sum(losses), tf.maximum(tf.sum(weights), 1));
}
