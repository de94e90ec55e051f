/** What a step minimises: the cross-entropy of a classifier with its further term, or a model's own objective. */
import { tf } from "@difftap/engine";
import { crossEntropy, type EngineBatch } from "./batch.js";
import type { ResolvedRecipe } from "./recipe.js";
import type { ObjectiveModel, Trainable } from "./trainable.js";

export type LearningModel = Trainable | ObjectiveModel;

export interface Loss {
  readonly total: tf.Scalar;
  /** How many classes the model tells apart; undefined for an objective of its own. */
  readonly classes: number | undefined;
  /** Parts of it by name, to be logged; not weighted. */
  readonly terms: Readonly<Record<string, tf.Scalar>>;
}

/** Records the loss of the step after `step` others. */
export function lossOf(
  model: LearningModel,
  recipe: Pick<ResolvedRecipe, "labelSmoothing">,
  batch: EngineBatch,
  step: number,
): Loss {
  if ("objective" in model) return ownLoss(model, batch, step);
  const options = { training: true, step };
  const logits = model.forward(batch.features, options);
  const [, classes] = logits.shape;
  const loss = crossEntropy(logits, batch.targets(classes, recipe.labelSmoothing));
  const { furtherTerm } = model;
  if (furtherTerm === undefined) return { total: loss, classes, terms: {} };
  const term = furtherTerm.loss(batch.features, options);
  const total = tf.add(loss, tf.mul(term, furtherTerm.weight)) as tf.Scalar;
  return { total, classes, terms: { [furtherTerm.name]: term } };
}

function ownLoss(model: ObjectiveModel, { features }: EngineBatch, step: number): Loss {
  const terms = model.objective(features, { training: true, step });
  return { total: tf.addN(Object.values(terms)) as tf.Scalar, classes: undefined, terms };
}
