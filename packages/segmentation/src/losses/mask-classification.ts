/** The losses of mask classification, once queries are matched: MaskFormer's `SetCriterion` (arXiv 2107.06278). */
import { resizeBilinear } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import type { MaskTerms, QueryPrediction } from "../matching/prediction.js";
import type { PixelTargets } from "../targets.js";
import { pixelLoss } from "./pixel-loss.js";

export interface MaskClassificationTerms extends MaskTerms {
  /** Weight of "no object" among the classes. */
  readonly noObjectWeight: number;
}

export type MaskClassificationLosses = Readonly<Record<"class" | "mask" | "dice", tf.Scalar>>;

/**
 * The weighted terms. `class`: weighted mean cross-entropy over all queries, those without a class having "no object". `mask` and
 * `dice`: mean over all matched pairs, on mask logits resized bilinearly to the label maps. Pixels that are ignored do not count.
 * @param assigned [N, Q, classes] of 0 and 1, at most one 1 in a row or column.
 */
export function maskClassificationLosses(
  prediction: QueryPrediction,
  assigned: tf.Tensor3D,
  targets: PixelTargets,
  terms: MaskClassificationTerms,
): MaskClassificationLosses {
  const pairs = matchedPairs(prediction.maskLogits, assigned, targets);
  const weighted = (loss: tf.Scalar, weight: number) => tf.mul(loss, weight) as tf.Scalar;
  return {
    class: weighted(classLoss(prediction.classLogits, assigned, terms.noObjectWeight), terms.classWeight),
    mask: weighted(meanOverPairs(pixelLosses(terms.maskLoss, pairs), pairs), terms.maskWeight),
    dice: weighted(meanOverPairs(diceLosses(pairs), pairs), terms.diceWeight),
  };
}

function classLoss(logits: tf.Tensor3D, assigned: tf.Tensor3D, noObjectWeight: number): tf.Scalar {
  const none = tf.sub(1, tf.sum(assigned, 2, true));
  const weighted = tf.concat([assigned, tf.mul(none, noObjectWeight)], 2);
  const sum = tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), weighted)));
  return tf.div(sum, tf.sum(weighted));
}

/** Every class of every image with the mask of the query that has it, if one has. P pixels. */
interface Pairs {
  /** [N, classes, P]; zeros where no query has it. */
  readonly logits: tf.Tensor3D;
  /** [N, classes, P] of 0 and 1. */
  readonly masks: tf.Tensor3D;
  /** [N, 1, P] of 0 and 1. */
  readonly counted: tf.Tensor3D;
  /** [N, classes]: 1 where a query has it. */
  readonly matched: tf.Tensor2D;
}

/** Classes instead of queries: as many at every step, whatever images show, so that an engine sees the same graph again. */
function matchedPairs(maskLogits: tf.Tensor4D, assigned: tf.Tensor3D, targets: PixelTargets): Pairs {
  const [batch, queries, height, width] = maskLogits.shape;
  const { classes, size } = targets;
  const pixels = size.height * size.width;
  const rows = tf.matMul(assigned, tf.reshape(maskLogits, [batch, queries, height * width]), true);
  const resized = resizeBilinear(tf.reshape(rows, [batch, classes, height, width]), size);
  return {
    logits: tf.reshape(resized, [batch, classes, pixels]),
    masks: tf.transpose(tf.reshape(targets.oneHot, [batch, pixels, classes]), [0, 2, 1]),
    counted: tf.reshape(targets.counted, [batch, 1, pixels]),
    matched: tf.sum(assigned, 1),
  };
}

/** Mean over the pixels that count, [N, classes]. */
function pixelLosses(kind: MaskTerms["maskLoss"], { logits, masks, counted }: Pairs): tf.Tensor2D {
  const sums = tf.sum(tf.mul(pixelLoss(kind, logits, masks), counted), 2);
  return tf.div(sums, tf.maximum(tf.sum(counted, 2), 1));
}

/** 1 − (2·Σ p·t + 1) / (Σ p + Σ t + 1), [N, classes] (Milletari et al., 2016, arXiv 1606.04797). */
function diceLosses({ logits, masks, counted }: Pairs): tf.Tensor2D {
  const probabilities = tf.mul(tf.sigmoid(logits), counted);
  const shared = tf.mul(tf.sum(tf.mul(probabilities, masks), 2), 2);
  const sizes = tf.add(tf.sum(probabilities, 2), tf.sum(masks, 2));
  return tf.sub(1, tf.div(tf.add(shared, 1), tf.add(sizes, 1)));
}

function meanOverPairs(losses: tf.Tensor2D, { matched }: Pairs): tf.Scalar {
  return tf.div(tf.sum(tf.mul(losses, matched)), tf.maximum(tf.sum(matched), 1));
}
