/** Noise by address: the same for a sample in any batch, any order, any process. Images of another size have noise of their own (`noiseId`). */
import { DifftapError, fillNormals, hashId, streams } from "@difftap/core";
import { addressLimits } from "./request.js";

export interface NoiseAddress {
  readonly seed: number | bigint;
  /** The sample's id, or its 64-bit hash (`hashId`) where it is needed often. */
  readonly id: string | bigint;
  /** Index t of the diffusion process. */
  readonly timestep: number;
  /** Number of the draw, from 0. */
  readonly draw: number;
}

/**
 * Fills `out` with the standard normal noise of a sample at a timestep and draw: Philox sequence of `seed`, stream
 * noise | draw·2⁸ | t·2¹⁶, index hashId(id).
 * @throws DifftapError USAGE_INVALID when t ≥ 2¹⁶ or draw ≥ 2⁸, which would be another address.
 */
export function sampleNoise({ seed, id, timestep, draw }: NoiseAddress, out: Float32Array): void {
  if (!(isIndex(timestep, addressLimits.timesteps) && isIndex(draw, addressLimits.draws))) {
    throw new DifftapError("USAGE_INVALID", `there is no noise for timestep ${timestep}, draw ${draw}`, {
      hint: `timesteps are 0…${addressLimits.timesteps - 1}, draws 0…${addressLimits.draws - 1}`,
      details: { timestep, draw },
    });
  }
  const stream = timestep * 2 ** 16 + draw * 2 ** 8 + streams.noise;
  fillNormals({ seed, stream, index: typeof id === "bigint" ? id : hashId(id) }, out);
}

const isIndex = (value: number, end: number) => Number.isInteger(value) && value >= 0 && value < end;
