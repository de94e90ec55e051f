/** The noise that sampling draws, by address: a sample is the same whatever is drawn beside it, before it or after it. */
import { fillNormals, streams } from "@difftap/core";

/** Streams are 32 bits, the lowest 8 of them say what for: 2^24 finer addresses are left. */
const FINER = 2 ** 8;

export interface NoiseAddress {
  readonly seed: number | bigint;
  /** Numbers of the samples, one for each row. */
  readonly samples: readonly number[];
  /** Values of one sample. */
  readonly length: number;
}

/** x_T, [N, length]. It does not depend on the number of steps: another respacing starts from the same noise. */
export function startingNoise(address: NoiseAddress): Float32Array {
  return addressed(address, 0);
}

/** What the step from index t to t − 1 adds, [N, length]. */
export function stepNoise(address: NoiseAddress, t: number): Float32Array {
  return addressed(address, t + 1);
}

function addressed({ seed, samples, length }: NoiseAddress, place: number): Float32Array {
  const out = new Float32Array(samples.length * length);
  samples.forEach((index, row) => {
    fillNormals({ seed, stream: place * FINER + streams.noise, index }, out, row * length, length);
  });
  return out;
}
