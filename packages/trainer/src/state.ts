/** Between what a learner holds and a checkpoint. */
import { DifftapError } from "@difftap/core";
import type { ModelCheckpoint, ModelState, ModelTensors, Tensors } from "./checkpoints.js";
import type { Learner } from "./learner.js";
import type { Trained } from "./trainable.js";
import { assignVariables, firstBroken, readVariables } from "./variables.js";

/** Parameters and buffers as they are now. */
export function captureModel({ variables, buffers }: Trained): Promise<Tensors> {
  return readVariables([...variables, ...buffers]);
}

/** All that a learner holds on the engine; of one that failed only its best. */
export async function captureLearner(learner: Learner): Promise<ModelTensors> {
  const { model, optimizer, average, progress } = learner;
  const best = progress.best?.tensors ?? {};
  if (progress.status === "failed") return { model: {}, optimizer: {}, ema: {}, best };
  const [own, state, ema] = await Promise.all([
    captureModel(model),
    readVariables(optimizer.state),
    readVariables(average?.state ?? []),
  ]);
  return { model: own, optimizer: state, ema, best };
}

/** The first tensor with a value that is not finite, as `part.name`; such a state is not worth keeping. */
export function brokenTensor(tensors: ModelTensors): string | undefined {
  for (const [part, own] of Object.entries(tensors)) {
    const broken = firstBroken(own);
    if (broken !== undefined) return `${part}.${broken}`;
  }
  return undefined;
}

/** What a checkpoint says of a learner beside its tensors. */
export function modelState({ name, recipe, model, progress }: Learner): ModelState {
  const { steps, status, failure, best, stale } = progress;
  const { description } = model;
  return {
    name,
    recipe,
    description,
    steps,
    status,
    failure: failure?.message,
    best: best && { step: best.step, value: best.value },
    stale,
  };
}

/**
 * Puts a learner back where a checkpoint left it.
 * @throws DifftapError WEIGHTS_MISMATCH listing each tensor that does not fit; nothing is changed then.
 */
export function resumeLearner(learner: Learner, saved: ModelCheckpoint): void {
  const { model, optimizer, average, progress } = learner;
  const { tensors, steps, status, failure, best, stale } = saved;
  if (status !== "failed") {
    assignVariables([
      { own: [...model.variables, ...model.buffers], given: tensors.model },
      { own: [...optimizer.state], given: tensors.optimizer },
      { own: [...(average?.state ?? [])], given: tensors.ema },
    ]);
  }
  Object.assign(progress, {
    steps,
    status,
    stale,
    failure: failure === undefined ? undefined : new DifftapError("NUMERIC", failure),
    best: best && { ...best, tensors: tensors.best },
  });
}

/**
 * Puts a checkpoint's weights into a model: the newest that would be evaluated (averaged where the recipe averages), or the best.
 * @throws DifftapError WEIGHTS_MISMATCH listing each tensor that does not fit, or when the checkpoint has no such weights; nothing is changed then.
 */
export function restoreModel(
  { variables, buffers }: Trained,
  { tensors }: ModelCheckpoint,
  which: "latest" | "best" = "latest",
): void {
  const given = which === "best" ? tensors.best : { ...tensors.model, ...tensors.ema };
  assignVariables([{ own: [...variables, ...buffers], given }]);
}
