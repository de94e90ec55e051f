/** Between variables on the engine and arrays. */
import { DifftapError, type NdArray, ndarray } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { Tensors } from "./checkpoints.js";

export type NamedVariables = Iterable<readonly [string, tf.Variable]>;

/** All of them, read together, as float32. */
export async function readVariables(named: NamedVariables): Promise<Tensors> {
  const arrays = [...named].map(async ([name, variable]) => {
    const data = Float32Array.from(await variable.data());
    return [name, ndarray("float32", variable.shape, data)] as const;
  });
  return Object.fromEntries(await Promise.all(arrays));
}

/** The name of the first with a value that is not finite. */
export function firstBroken(tensors: Tensors): string | undefined {
  return Object.entries(tensors).find(([, { data }]) => !(data as Float32Array).every(Number.isFinite))?.[0];
}

export interface Assignment {
  readonly own: NamedVariables;
  readonly given: Tensors;
}

/**
 * Gives variables the values of the arrays of their names.
 * @throws DifftapError WEIGHTS_MISMATCH listing each tensor that does not fit; nothing is changed then.
 */
export function assignVariables(assignments: readonly Assignment[]): void {
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
  const names = new Set([...own].map(([name]) => name));
  const surplus = Object.keys(given).filter((name) => !names.has(name));
  const wrong = [...own].flatMap(([name, { shape }]) => {
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
