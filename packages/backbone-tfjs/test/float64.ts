/** The forward in float64 by loops: the reference operations of the backbone's own tests, taken from the workspace's sources. */
import { type Architecture, kernelShape, type Ops, unet } from "@difftap/backbone";
import type { NdArray } from "@difftap/core";

export interface Plain {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

interface ReferenceOps {
  referenceOps(weight: (name: string) => Plain): Ops<Plain>;
}

const sources = new URL("../../backbone/test/reference-ops.ts", import.meta.url).href;
const { referenceOps } = (await import(/* @vite-ignore */ sources)) as ReferenceOps;

export interface PlainInputs {
  readonly x: Plain;
  readonly timesteps: Plain;
  readonly labels?: Plain | undefined;
}

export function plain(shape: readonly number[], values: ArrayLike<number>): Plain {
  return { shape, data: Float64Array.from(values) };
}

/** The output, with `added` put onto the outputs of blocks. */
export function runFloat64(
  architecture: Architecture,
  weights: ReadonlyMap<string, NdArray | Plain>,
  inputs: PlainInputs,
  added: ReadonlyMap<number, Plain> = new Map(),
): Float64Array {
  const ops = referenceOps((name) => {
    const { shape, data } = weights.get(name)!;
    return plain(kernelShape(shape), data as Float64Array);
  });
  const output = unet(ops, architecture, ops, inputs, ({ number }, value) => {
    const feedback = added.get(number);
    return feedback && { replace: ops.add(value, feedback) };
  });
  return output!.data;
}
