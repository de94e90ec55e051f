/** The forward process q(x_t | x_0). Source: Ho et al. 2020, equation 4. */
import { affine } from "./affine.js";
import { type Batch, requireLengths, type Timesteps } from "./batch.js";
import type { Schedule } from "./schedule.js";

/**
 * x_t = √ᾱ_t·x_0 + √(1 − ᾱ_t)·ε.
 * @param xStart x_0 in [−1, 1], N samples
 * @param noise ε, standard normal, as many values
 * @param timesteps N indices
 * @throws DifftapError USAGE_INVALID for lengths that do not fit, REQUEST_INVALID for a timestep that does not exist.
 */
export function qSample<B extends Batch>(
  schedule: Schedule,
  xStart: B,
  noise: Batch,
  timesteps: Timesteps,
): B {
  requireLengths(xStart.length, { noise });
  const { sqrtAlphasCumprod, sqrtOneMinusAlphasCumprod } = schedule;
  return affine(
    schedule,
    timesteps,
    [(t) => sqrtAlphasCumprod[t]!, xStart],
    [(t) => sqrtOneMinusAlphasCumprod[t]!, noise],
  );
}
