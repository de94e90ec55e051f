/** Between variables on the engine and arrays in a checkpoint. */
import { DifftapError, type NdArray, ndarray, stableStringify } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { Checkpoint, CheckpointState, CheckpointTensors } from "./checkpoints.js";
import type { Optimizer } from "./sgd.js";
import type { Trainable } from "./trainable.js";

/**
 * Copies parameters, buffers and optimiser state out of the engine.
 * @throws DifftapError NUMERIC when a value is not finite: such a state is not worth keeping.
 */
export async function captureState(model: Trainable, optimizer: Optimizer): Promise<CheckpointTensors> {
  return {
    tensors: await readAll([...model.variables, ...model.buffers]),
    optimizer: await readAll([...optimizer.state]),
  };
}

async function readAll(named: readonly (readonly [string, tf.Variable])[]): Promise<Record<string, NdArray>> {
  const arrays = named.map(async ([name, variable]) => {
    const data = Float32Array.from(await variable.data());
    if (data.every(Number.isFinite)) return [name, ndarray("float32", variable.shape, data)] as const;
    throw new DifftapError("NUMERIC", `${name} holds values that are not finite`, {
      hint: "lower the learning rate and continue from the last good checkpoint",
      details: { name },
    });
  });
  return Object.fromEntries(await Promise.all(arrays));
}

/**
 * Puts a checkpoint's numbers back.
 * @throws DifftapError WEIGHTS_MISMATCH listing each tensor that does not fit; nothing is changed then.
 */
export function assignState(
  model: Trainable,
  optimizer: Optimizer,
  { tensors, optimizer: state }: CheckpointTensors,
): void {
  const own = [...model.variables, ...model.buffers];
  const problems = [...mismatches(own, tensors), ...mismatches([...optimizer.state], state)];
  if (problems.length > 0) {
    throw new DifftapError(
      "WEIGHTS_MISMATCH",
      `the checkpoint does not fit the model: ${problems.join("; ")}`,
      {
        details: { problems },
      },
    );
  }
  for (const [name, variable] of own) assign(variable, tensors[name]!);
  for (const [name, variable] of optimizer.state) assign(variable, state[name]!);
}

type Named = readonly (readonly [string, tf.Variable])[];

function mismatches(own: Named, given: Readonly<Record<string, NdArray>>): string[] {
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

/**
 * Refuses to continue another training. Only the duration may differ: a finished run can be made longer.
 * @throws DifftapError STORE_MISMATCH naming each field that differs, with both values.
 */
export function checkSameTraining(checkpoint: Checkpoint, now: Omit<CheckpointState, "step">): void {
  const before = comparable(checkpoint);
  const differences = Object.entries(comparable(now))
    .filter(([name, value]) => value !== before[name])
    .map(([name, value]) => `${name} was ${before[name]}, is ${value}`);
  if (differences.length === 0) return;
  throw new DifftapError(
    "STORE_MISMATCH",
    `${checkpoint.path} belongs to another training: ${differences.join("; ")}`,
    {
      hint: "continue with the same settings, or train into another folder",
      details: { differences },
    },
  );
}

function comparable({ recipe, samples, model }: Omit<CheckpointState, "step">): Record<string, string> {
  const { duration: _, ...settings } = recipe;
  return Object.fromEntries(
    Object.entries({ ...settings, samples, model }).map(([name, value]) => [name, stableStringify(value)]),
  );
}
