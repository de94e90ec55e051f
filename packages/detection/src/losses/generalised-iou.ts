/**
 * Generalised intersection over union (Rezatofighi et al., 2019, arXiv 1902.09630) of boxes that are given by one point's distances to
 * their left, top, right and bottom sides, as dense detectors have them: both boxes hold the point.
 */
import * as tf from "@tensorflow/tfjs-core";

export interface Overlap {
  /** Intersection over union, 0 to 1. */
  readonly iou: tf.Tensor;
  /** IoU less the share of the smallest box around both that neither covers: −1 to 1. */
  readonly giou: tf.Tensor;
}

/**
 * Overlaps […] of distances […, 4], all from the same points. Where the second box has no area, as at background, both are 0 or less, and
 * finite as long as the first one has one.
 */
export function overlapOf(distances: tf.Tensor, others: tf.Tensor): Overlap {
  const [first, second] = [areaOf(distances), areaOf(others)];
  const shared = areaOf(tf.minimum(distances, others));
  const around = areaOf(tf.maximum(distances, others));
  const union = tf.sub(tf.add(first, second), shared);
  const iou = tf.div(shared, union);
  return { iou, giou: tf.sub(iou, tf.div(tf.sub(around, union), around)) };
}

/** (left + right)·(top + bottom). */
function areaOf(distances: tf.Tensor): tf.Tensor {
  const [left, top, right, bottom] = tf.unstack(distances, distances.rank - 1);
  return tf.mul(tf.add(left!, right!), tf.add(top!, bottom!));
}

/** 1 − GIoU, from 0 to 2; shapes as `overlapOf`. */
export function generalisedIouLoss(distances: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  return tf.sub(1, overlapOf(distances, targets).giou);
}
