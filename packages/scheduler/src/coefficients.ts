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
 * @throws DifftapError REQUEST_INVALID for a t that the process does not have.
 */
export function alphaCoefficients(config: DiffusionConfig, t: number | "clean"): NoisingCoefficients {
  if (t === "clean") return { signal: 1, noise: 0, networkTimestep: 0 };
  if (!Number.isInteger(t) || t < 0 || t >= config.steps) {
    throw new DifftapError(
      "REQUEST_INVALID",
      `timestep ${t} does not exist: this process has timesteps 0 to ${config.steps - 1}`,
      {
        hint: 't is an index, not a noise level; "clean" feeds the image without noise',
        details: { timestep: t, steps: config.steps },
      },
    );
  }
  const alphaBar = namedBetas(config.schedule, config.steps)
    .subarray(0, t + 1)
    .reduce((product, beta) => product * (1 - beta), 1);
  const networkTimestep = config.rescaleTimesteps ? (t * 1000) / config.steps : t;
  return { signal: Math.sqrt(alphaBar), noise: Math.sqrt(1 - alphaBar), networkTimestep };
}
