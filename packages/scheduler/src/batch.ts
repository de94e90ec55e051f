/** Batches: N samples of equal length one behind the other, and one timestep for each. */
import { DifftapError } from "@difftap/core";
import { requireTimestep } from "./coefficients.js";
import type { Schedule } from "./schedule.js";

/** Row-major values of N samples; the arithmetic is float64 whatever they are stored as. */
export type Batch = Float32Array | Float64Array;

/** One timestep index for each sample; its length is N. */
export type Timesteps = ArrayLike<number>;

/** Zeros, as many as `batch` has and stored like them. */
export function emptyLike<B extends Batch>(batch: B): B {
  return (
    batch instanceof Float32Array ? new Float32Array(batch.length) : new Float64Array(batch.length)
  ) as B;
}

/**
 * Calls `visit` with the timestep of each sample and the range [from, to) of its values in a batch of `length` values.
 * @throws DifftapError REQUEST_INVALID for a timestep that the schedule does not have, USAGE_INVALID when the values cannot be
 * divided among the timesteps.
 */
export function eachSample(
  schedule: Schedule,
  timesteps: Timesteps,
  length: number,
  visit: (t: number, from: number, to: number, sample: number) => void,
): void {
  const size = length / timesteps.length;
  if (timesteps.length === 0 || !Number.isInteger(size)) {
    throw new DifftapError(
      "USAGE_INVALID",
      `${length} values cannot be divided among ${timesteps.length} timesteps`,
    );
  }
  for (let sample = 0; sample < timesteps.length; sample++) {
    const t = timesteps[sample]!;
    requireTimestep(t, schedule.steps);
    visit(t, sample * size, (sample + 1) * size, sample);
  }
}

/** @throws DifftapError USAGE_INVALID unless every named batch has `length` values. */
export function requireLengths(length: number, batches: Readonly<Record<string, Batch>>): void {
  for (const [name, batch] of Object.entries(batches)) {
    if (batch.length === length) continue;
    throw new DifftapError("USAGE_INVALID", `${name} has ${batch.length} values where ${length} are needed`, {
      details: { name, given: batch.length, needed: length },
    });
  }
}
