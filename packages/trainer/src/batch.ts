/** A batch on the engine: features, targets, and the loss against them. */
import { DifftapError } from "@difftap/core";
import { tf } from "@difftap/engine";
import { type Mixing, mixer } from "./mixup.js";
import type { LabelledBatch } from "./source.js";

/** What a model is fed, as tensors; the caller disposes them. */
export function toTensors({ features, beside = {} }: LabelledBatch): Record<string, tf.Tensor> {
  return { ...onEngine(features), ...onEngine(beside) };
}

function onEngine(arrays: LabelledBatch["features"]): Record<string, tf.Tensor> {
  const tensors = Object.entries(arrays).map(([name, { data, shape }]) => [
    name,
    tf.tensor(data, [...shape]),
  ]);
  return Object.fromEntries(tensors);
}

export interface EngineBatch {
  readonly features: Readonly<Record<string, tf.Tensor>>;
  /** Distributions over the classes [n, classes]; label smoothing spreads a share of each evenly. */
  targets(classes: number, smoothing: number): tf.Tensor2D;
}

/** Puts a batch on the engine, mixed where asked for. It lives as long as the tidy that it is made in. */
export function engineBatch(batch: LabelledBatch, mixing: Mixing | undefined): EngineBatch {
  const mix = mixing ? mixer(mixing) : <T extends tf.Tensor>(rows: T) => rows;
  const features = Object.entries(onEngine(batch.features)).map(([name, rows]) => [name, mix(rows)]);
  const labels = tf.tensor1d(batch.labels, "int32");
  return {
    features: { ...Object.fromEntries(features), ...onEngine(batch.beside ?? {}) },
    targets(classes, smoothing) {
      checkLabels(batch.labels, classes);
      const certain = mix(tf.cast(tf.oneHot(labels, classes), "float32") as tf.Tensor2D);
      if (smoothing === 0) return certain;
      return tf.add(tf.mul(certain, 1 - smoothing), smoothing / classes);
    },
  };
}

/** Mean cross-entropy of logits [n, classes] against target distributions. */
export function crossEntropy(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
  return tf.losses.softmaxCrossEntropy(targets, logits);
}

/** @throws DifftapError LABELS_MISMATCH naming the first label outside 0 … classes−1. */
export function checkLabels(labels: Int32Array, classes: number): void {
  const wrong = labels.find((label) => label < 0 || label >= classes);
  if (wrong === undefined) return;
  throw new DifftapError(
    "LABELS_MISMATCH",
    `label ${wrong}, but the model has logits for classes 0 … ${classes - 1}`,
    {
      hint: "the head was built for another number of classes",
      details: { label: wrong, classes },
    },
  );
}
