/**
 * Everything that a step draws, by address: (seed, step, place in the step's batch). A step is the same whoever computes it, in how many
 * parts, and after any resumption.
 */
import { fillNormals, randomIntegers, streams, uniforms } from "@difftap/core";

/** Finer addresses of the streams, above those of sampling and of heads. */
const TRAINING = 0x800000;
const FINER = 2 ** 8;
const NOISE = TRAINING * FINER + streams.noise;
const TIMESTEPS = (TRAINING + 1) * FINER + streams.noise;
const MIRRORED = TRAINING * FINER + streams.augmentation;

export interface StepAddress {
  readonly seed: number;
  /** Steps done before. */
  readonly step: number;
}

/** Places in the step's batch: `count` of them from `first` on. */
export interface Places {
  readonly first: number;
  readonly count: number;
}

/** Standard normal noise [count, length] of the images in these places. */
export function drawNoise(address: StepAddress, { first, count }: Places, length: number): Float32Array {
  const noise = new Float32Array(count * length);
  for (let row = 0; row < count; row++) {
    fillNormals({ ...addressOf(address, first + row), stream: NOISE }, noise, row * length, length);
  }
  return noise;
}

/** For each of these places, whether its image is mirrored. */
export function drawMirrored(address: StepAddress, { first, count }: Places, share: number): boolean[] {
  return Array.from({ length: count }, (_, row) => {
    const [drawn] = uniforms({ ...addressOf(address, first + row), stream: MIRRORED }, 1);
    return drawn! < share;
  });
}

/** `batch` timesteps from 0 to `steps` − 1, each equally likely. */
export function drawEvenTimesteps({ seed, step }: StepAddress, batch: number, steps: number): Int32Array {
  return Int32Array.from(randomIntegers({ seed, stream: TIMESTEPS, index: step }, steps, batch));
}

/** `batch` numbers in [0, 1) that decide on timesteps. */
export function drawShares({ seed, step }: StepAddress, batch: number): Float64Array {
  return uniforms({ seed, stream: TIMESTEPS, index: step }, batch);
}

function addressOf({ seed, step }: StepAddress, place: number) {
  return { seed, index: (BigInt(step) << 32n) | BigInt(place) };
}
