/** Between variables on the engine and arrays. */
import { DifftapError, elementCount, ndarray } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { Tensors } from "./checkpoints.js";

/** A tensor that is part of a variable: so many elements of it as the shape has, from `offset` on. */
export interface Piece {
  readonly variable: tf.Variable;
  readonly offset: number;
  readonly shape: readonly number[];
}

export type NamedVariables = Iterable<readonly [string, tf.Variable | Piece]>;

/** All of them, read together, as float32. */
export async function readVariables(named: NamedVariables): Promise<Tensors> {
  const pieces = asPieces(named);
  const variables = [...new Set(pieces.map(([, { variable }]) => variable))];
  const read = variables.map(async (variable) => [variable, await variable.data()] as const);
  const values = new Map(await Promise.all(read));
  const arrays = pieces.map(([name, { variable, offset, shape }]) => {
    const own = values.get(variable)!.subarray(offset, offset + elementCount(shape));
    return [name, ndarray("float32", shape, Float32Array.from(own))] as const;
  });
  return Object.fromEntries(arrays);
}

/** The name of the first with a value that is not finite. */
export function firstBroken(tensors: Tensors): string | undefined {
  return Object.entries(tensors).find(([, { data }]) => !(data as Float32Array).every(Number.isFinite))?.[0];
}

export interface Assignment {
  /** All pieces of a variable, where it has pieces. */
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
  for (const assignment of assignments) assign(assignment);
}

function mismatches({ own, given }: Assignment): string[] {
  const pieces = asPieces(own);
  const names = new Set(pieces.map(([name]) => name));
  const surplus = Object.keys(given).filter((name) => !names.has(name));
  const wrong = pieces.flatMap(([name, { shape }]) => {
    const found = given[name];
    if (!found) return [`${name} is missing`];
    const same = found.dtype === "float32" && String(found.shape) === String(shape);
    return same
      ? []
      : [`${name} is ${found.dtype} [${found.shape.join(", ")}], not float32 [${shape.join(", ")}]`];
  });
  return [...wrong, ...surplus.map((name) => `${name} is surplus`)];
}

function assign({ own, given }: Assignment): void {
  const filled = new Map<tf.Variable, Float32Array>();
  for (const [name, { variable, offset }] of asPieces(own)) {
    const values = filled.get(variable) ?? new Float32Array(variable.size);
    values.set(given[name]!.data as Float32Array, offset);
    filled.set(variable, values);
  }
  for (const [variable, values] of filled) tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
}

/** A variable is a piece of itself. */
function asPieces(named: NamedVariables): [string, Piece][] {
  return [...named].map(([name, place]) => [
    name,
    isPiece(place) ? place : { variable: place, offset: 0, shape: place.shape },
  ]);
}

function isPiece(place: tf.Variable | Piece): place is Piece {
  return "offset" in place;
}
