/** What turns an image into the network's input at a timestep. */
import { DifftapError } from "@difftap/core";
import { type DiffusionConfig, namedBetas } from "./betas.js";

export interface NoisingCoefficients {
  /** √ᾱ_t, the factor of x_0. */
  readonly signal: number;
  /** √(1 − ᾱ_t), the factor of ε. */
  readonly noise: number;
  /** What the network is fed as its timestep. */
  readonly networkTimestep: number;
}

/**
 * Coefficients of x_t = signal·x_0 + noise·ε at index t, 0 … T − 1. "clean" is the image itself with t = 0.
 * They equal the tables of `createSchedule` to the last bit.
 * @throws DifftapError REQUEST_INVALID for a t that the process does not have.
 */
export function alphaCoefficients(config: DiffusionConfig, t: number | "clean"): NoisingCoefficients {
  const betas = namedBetas(config.schedule, config.steps);
  if (t === "clean") return { signal: 1, noise: 0, networkTimestep: 0 };
  requireTimestep(t, config.steps);
  const alphaBar = betas.subarray(0, t + 1).reduce((product, beta) => product * (1 - beta), 1);
  const networkTimestep = config.rescaleTimesteps ? t * (1000 / config.steps) : t;
  return { signal: Math.sqrt(alphaBar), noise: Math.sqrt(1 - alphaBar), networkTimestep };
}

/** @throws DifftapError REQUEST_INVALID unless t is a whole number from 0 to steps − 1. */
export function requireTimestep(t: number, steps: number): void {
  if (Number.isInteger(t) && t >= 0 && t < steps) return;
  throw new DifftapError(
    "REQUEST_INVALID",
    `timestep ${t} does not exist: this process has timesteps 0 to ${steps - 1}`,
    {
      hint: 't is an index, not a noise level; "clean" feeds the image without noise',
      details: { timestep: t, steps },
    },
  );
}
