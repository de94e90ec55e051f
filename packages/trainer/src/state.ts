/** Between variables on the engine and arrays in a checkpoint. */
import { DifftapError, type NdArray, ndarray } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { ModelCheckpoint, ModelState, ModelTensors, Tensors } from "./checkpoints.js";
import type { Learner } from "./learner.js";
import type { Trainable } from "./trainable.js";

type NamedVariables = Iterable<readonly [string, tf.Variable]>;

/** Parameters and buffers as they are now. */
export function captureModel({ variables, buffers }: Trainable): Promise<Tensors> {
  return readAll([...variables, ...buffers]);
}

/** All that a learner holds on the engine; of one that failed only its best. */
export async function captureLearner(learner: Learner): Promise<ModelTensors> {
  const { model, optimizer, average, progress } = learner;
  const best = progress.best?.tensors ?? {};
  if (progress.status === "failed") return { model: {}, optimizer: {}, ema: {}, best };
  const [own, state, ema] = await Promise.all([
    captureModel(model),
    readAll(optimizer.state),
    readAll(average?.state ?? []),
  ]);
  return { model: own, optimizer: state, ema, best };
}

async function readAll(named: NamedVariables): Promise<Tensors> {
  const arrays = [...named].map(async ([name, variable]) => {
    const data = Float32Array.from(await variable.data());
    return [name, ndarray("float32", variable.shape, data)] as const;
  });
  return Object.fromEntries(await Promise.all(arrays));
}

/** The first tensor with a value that is not finite, as `part.name`; such a state is not worth keeping. */
export function brokenTensor(tensors: ModelTensors): string | undefined {
  const all = Object.entries(tensors).flatMap(([part, own]) =>
    Object.entries(own as Tensors).map(([name, { data }]) => ({ name: `${part}.${name}`, data })),
  );
  return all.find(({ data }) => !(data as Float32Array).every(Number.isFinite))?.name;
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
    assignAll([
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
  { variables, buffers }: Trainable,
  { tensors }: ModelCheckpoint,
  which: "latest" | "best" = "latest",
): void {
  const given = which === "best" ? tensors.best : { ...tensors.model, ...tensors.ema };
  assignAll([{ own: [...variables, ...buffers], given }]);
}

interface Assignment {
  readonly own: readonly (readonly [string, tf.Variable])[];
  readonly given: Tensors;
}

function assignAll(assignments: readonly Assignment[]): void {
  const problems = assignments.flatMap(mismatches);
  if (problems.length > 0) {
    throw new DifftapError(
      "WEIGHTS_MISMATCH",
      `the checkpoint does not fit the model: ${problems.join("; ")}`,
      { details: { problems } },
    );
  }
  for (const { own, given } of assignments) {
    for (const [name, variable] of own) assign(variable, given[name]!);
  }
}

function mismatches({ own, given }: Assignment): string[] {
  const names = new Set(own.map(([name]) => name));
  const surplus = Object.keys(given).filter((name) => !names.has(name));
  const wrong = own.flatMap(([name, { shape }]) => {
    const found = given[name];
    if (!found) return [`${name} is missing`];
    const same = found.dtype === "float32" && String(found.shape) === String(shape);
    return same
      ? []
      : [`${name} is ${found.dtype} [${found.shape.join(", ")}], not float32 [${shape.join(", ")}]`];
  });
  return [...wrong, ...surplus.map((name) => `${name} is surplus`)];
}

function assign(variable: tf.Variable, array: NdArray): void {
  tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(array.data as Float32Array), variable.shape)));
}
