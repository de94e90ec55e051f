/** The posterior of the forward process, q(x_{t−1} | x_t, x_0). Source: Ho et al. 2020, equations 6 and 7. */
import { affine, spread } from "./affine.js";
import { type Batch, requireLengths, type Timesteps } from "./batch.js";
import type { Schedule } from "./schedule.js";

/** A normal distribution for every value of a batch. */
export interface Gaussian<B extends Batch = Batch> {
  readonly mean: B;
  readonly variance: B;
  readonly logVariance: B;
}

/**
 * Mean, variance and clipped log variance of q(x_{t−1} | x_t, x_0).
 * @throws DifftapError as `qSample` does.
 */
export function qPosterior<B extends Batch>(
  schedule: Schedule,
  xStart: Batch,
  xT: B,
  timesteps: Timesteps,
): Gaussian<B> {
  const { posteriorVariance, posteriorLogVarianceClipped } = schedule;
  return {
    mean: posteriorMean(schedule, xStart, xT, timesteps),
    variance: spread(schedule, timesteps, (t) => posteriorVariance[t]!, xT),
    logVariance: spread(schedule, timesteps, (t) => posteriorLogVarianceClipped[t]!, xT),
  };
}

/** The mean alone. */
export function posteriorMean<B extends Batch>(
  schedule: Schedule,
  xStart: Batch,
  xT: B,
  timesteps: Timesteps,
): B {
  requireLengths(xT.length, { xStart });
  const { posteriorMeanCoef1, posteriorMeanCoef2 } = schedule;
  return affine(
    schedule,
    timesteps,
    [(t) => posteriorMeanCoef2[t]!, xT],
    [(t) => posteriorMeanCoef1[t]!, xStart],
  );
}
