/** The process towards noise and its exact posterior. Source: guided-diffusion, gaussian_diffusion.py. */
import { checkSameShape, checkSteps, mapSamples, type Samples, type StepIndices } from "./samples.js";
import type { Schedule } from "./schedule.js";

/** Mean, variance and log variance of a Gaussian over a batch; all of the batch's shape. */
export interface Gaussian<S extends Samples = Samples> {
  readonly mean: S;
  readonly variance: S;
  readonly logVariance: S;
}

/** A draw of q(x_t | x_0): √ᾱ_t·x_0 + √(1 − ᾱ_t)·ε. @throws DifftapError USAGE_INVALID, REQUEST_INVALID */
export function diffuse<S extends Samples>(schedule: Schedule, xStart: S, t: StepIndices, noise: Samples): S {
  checkSameShape("the noise", xStart, noise);
  checkSteps(xStart, t, schedule.steps);
  const { sqrtAlphasCumprod, sqrtOneMinusAlphasCumprod } = schedule;
  return mapSamples(
    xStart,
    (n, e) =>
      sqrtAlphasCumprod[t[n]!]! * xStart.data[e]! + sqrtOneMinusAlphasCumprod[t[n]!]! * noise.data[e]!,
  );
}

/** The posterior q(x_{t−1} | x_t, x_0); its log variance is clipped at the first step. @throws DifftapError USAGE_INVALID, REQUEST_INVALID */
export function posterior<S extends Samples>(
  schedule: Schedule,
  xStart: Samples,
  xt: S,
  t: StepIndices,
): Gaussian<S> {
  checkSameShape("x_0", xt, xStart);
  checkSteps(xt, t, schedule.steps);
  const { posteriorMeanCoef1, posteriorMeanCoef2, posteriorVariance, posteriorLogVarianceClipped } = schedule;
  return {
    mean: mapSamples(
      xt,
      (n, e) => posteriorMeanCoef1[t[n]!]! * xStart.data[e]! + posteriorMeanCoef2[t[n]!]! * xt.data[e]!,
    ),
    variance: mapSamples(xt, (n) => posteriorVariance[t[n]!]!),
    logVariance: mapSamples(xt, (n) => posteriorLogVarianceClipped[t[n]!]!),
  };
}
