/** What FCOS minimises: focal loss, GIoU loss and quality, normalised as its authors do. */
import { DifftapError } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import { binaryCrossEntropy } from "../losses/binary-cross-entropy.js";
import { focalLoss } from "../losses/focal.js";
import { overlapOf } from "../losses/generalised-iou.js";
import { denseNames } from "../targets/dense-targets.js";
import type { DenseOutput } from "./dense-head.js";
import type { FcosSpec } from "./spec.js";

type Named = Readonly<Record<string, tf.Tensor>>;

/** Keeps a batch without objects finite. */
const EPSILON = 1e-6;

/**
 * Class: focal loss over all locations, per object location. Box: GIoU loss weighted by centre-ness, over the sum of these weights.
 * Quality: cross-entropy on object locations, their mean. All over the batch as a whole.
 */
export function denseTerms(
  { logits, distances, quality }: DenseOutput,
  targets: Named,
  spec: Pick<FcosSpec, "focal" | "quality">,
): Record<string, tf.Scalar> {
  const [batch, locations, classes] = logits.shape;
  const read = (name: keyof typeof denseNames, ...rest: number[]) =>
    targetOf(targets, denseNames[name], [batch, locations, ...rest]);
  const labels = tf.expandDims(read("labels"), 2);
  const centreness = read("centreness");
  const positive = tf.cast(tf.greaterEqual(read("labels"), 0), "float32");
  const count = tf.maximum(tf.sum(positive), 1);
  const present = tf.cast(tf.equal(labels, tf.range(0, classes, 1, "float32")), "float32");
  const classLoss = tf.mul(focalLoss(logits, present, spec.focal), tf.expandDims(read("weights"), 2));
  const { iou, giou } = overlapOf(distances, read("distances", 4));
  const boxLoss = tf.mul(tf.sub(1, giou), centreness);
  const wanted = spec.quality === "iou" ? constant(iou) : centreness;
  const qualityLoss = tf.mul(binaryCrossEntropy(quality, wanted), positive);
  return {
    class: tf.div(tf.sum(classLoss), count),
    box: tf.div(tf.sum(boxLoss), tf.maximum(tf.sum(centreness), EPSILON)),
    [spec.quality]: tf.div(tf.sum(qualityLoss), count),
  };
}

/** Nothing flows back through it: the box is not to be drawn to where its quality is expected. */
function constant(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((input) => ({
    value: tf.clone(input as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))(x);
}

/**
 * A target on the engine.
 * @throws DifftapError REQUEST_INVALID where it is missing or of another shape.
 */
export function targetOf(targets: Named, name: string, shape: readonly number[]): tf.Tensor {
  const found = targets[name];
  if (found && found.shape.join() === shape.join()) return found;
  const given = found ? `of shape [${found.shape.join(", ")}]` : "not there";
  throw new DifftapError(
    "REQUEST_INVALID",
    `target ${name} is ${given}, the maps are for [${shape.join(", ")}]`,
    {
      hint: "targets are made for the size of the image that the maps belong to",
      details: { name, shape },
    },
  );
}
