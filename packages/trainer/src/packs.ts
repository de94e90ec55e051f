/**
 * Parameters joined into vectors: what treats every element alike then takes a dozen operations for each vector, not for each parameter.
 * The parameters themselves stay variables of their own.
 */
import { tf } from "@difftap/engine";
import type { Trainable } from "./trainable.js";
import type { Piece } from "./variables.js";

/**
 * Elements of a vector: enough that an operation outweighs what it costs by itself and is worth several threads, few enough that what is
 * joined for a moment takes little memory.
 */
const LARGEST = 2 ** 20;

/** Parameters of one share of the learning rate. One that is alone keeps its shape; several lie one behind the other in a vector. */
export interface Pack {
  readonly rateShare: number;
  readonly parameters: ReadonlyMap<string, tf.Variable>;
}

/** Packs parameters in their order; larger ones than a pack holds stay alone, and all of them where `apart` is asked for. */
export function packParameters(
  variables: Trainable["variables"],
  { rateShares, apart = false }: { rateShares?: Trainable["rateShares"]; apart?: boolean } = {},
): readonly Pack[] {
  const packs: { rateShare: number; parameters: Map<string, tf.Variable> }[] = [];
  const open = new Map<number, { parameters: Map<string, tf.Variable>; free: number }>();
  for (const [name, variable] of variables) {
    const rateShare = rateShares?.get(name) ?? 1;
    const known = open.get(rateShare);
    if (known && variable.size <= known.free) {
      known.parameters.set(name, variable);
      known.free -= variable.size;
      continue;
    }
    const parameters = new Map([[name, variable]]);
    packs.push({ rateShare, parameters });
    const free = LARGEST - variable.size;
    if (!apart && free > 0) open.set(rateShare, { parameters, free });
  }
  return packs;
}

/** Values of a pack's parameters as one tensor, of the shape of the pack; the parameters' own unless given. Called inside a tidy. */
export function joined({ parameters }: Pack, values: ReadonlyMap<string, tf.Tensor> = parameters): tf.Tensor {
  const [only, ...others] = [...parameters.keys()].map((name) => values.get(name)!);
  if (others.length === 0) return only!;
  return tf.concat([only!, ...others].map((value) => tf.reshape(value, [value.size])));
}

/** Of what is joined. */
export function shapeOf({ parameters }: Pack): number[] {
  const [only, ...others] = parameters.values();
  return others.length === 0 ? only!.shape : [others.reduce((sum, { size }) => sum + size, only!.size)];
}

/** Gives each parameter of a pack its part of what was joined. Called inside a tidy. */
export function assignParts({ parameters }: Pack, whole: tf.Tensor): void {
  const variables = [...parameters.values()];
  const sizes = variables.map(({ size }) => size);
  const parts = sizes.length === 1 ? [whole] : tf.split(whole, sizes);
  for (const [place, variable] of variables.entries()) assign(variable, parts[place]!);
}

/** Gives a variable a value of its size. */
export function assign(variable: tf.Variable, value: tf.Tensor): void {
  variable.assign(variable.rank === value.rank ? value : tf.reshape(value, variable.shape));
}

/** Where each parameter of a pack lies in a variable of what is joined. */
export function piecesOf({ parameters }: Pack, variable: tf.Variable): [string, Piece][] {
  let offset = 0;
  return [...parameters].map(([name, { shape, size }]) => {
    const piece = { variable, offset, shape };
    offset += size;
    return [name, piece];
  });
}
