/** A batch on the engine, and what it costs. */
import { DifftapError } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { LabelledBatch } from "./source.js";
import type { Trainable } from "./trainable.js";

/** Mean cross-entropy of logits [n, classes]. Called inside a tidy. */
export function crossEntropy(logits: tf.Tensor2D, labels: Int32Array): tf.Scalar {
  const targets = tf.oneHot(tf.tensor1d(labels, "int32"), logits.shape[1]);
  return tf.losses.softmaxCrossEntropy(targets, logits);
}

/** Features as tensors; the caller disposes them. */
export function toTensors({ features }: LabelledBatch): Record<string, tf.Tensor> {
  const tensors = Object.entries(features).map(([name, { data, shape }]) => [
    name,
    tf.tensor(data, [...shape]),
  ]);
  return Object.fromEntries(tensors);
}

export interface StepOutcome {
  readonly loss: number;
  readonly classes: number;
  /** By the variables' names; the caller disposes them. */
  readonly gradients: ReadonlyMap<string, tf.Tensor>;
}

/**
 * Loss and gradients of one batch in training mode.
 * @throws DifftapError LABELS_MISMATCH for a label the model has no logit for.
 */
export async function differentiate(model: Trainable, batch: LabelledBatch): Promise<StepOutcome> {
  const tensors = toTensors(batch);
  let classes = 0;
  const lossOf = () => {
    const logits = model.forward(tensors, { training: true });
    classes = logits.shape[1];
    checkLabels(batch.labels, classes);
    return crossEntropy(logits, batch.labels);
  };
  const variables = [...model.variables.values()];
  try {
    const { value, grads } = tf.variableGrads(lossOf, variables);
    const [loss] = await value.data();
    value.dispose();
    const named = [...model.variables].map(([name, variable]) => [name, grads[variable.name]!] as const);
    return { loss: loss!, classes, gradients: new Map(named) };
  } finally {
    tf.dispose(tensors);
  }
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
