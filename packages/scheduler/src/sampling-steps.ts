/** One step of a sampler from what the network predicted. Source: guided-diffusion, p_sample, ddim_sample, ddim_reverse_sample. */
import { epsilonFromStart, type Prediction } from "./reverse-process.js";
import { checkSameShape, mapSamples, type Samples, type StepIndices } from "./samples.js";
import type { Schedule } from "./schedule.js";

/** DDPM: a draw of p(x_{t−1} | x_t). No noise is added at t = 0. @throws DifftapError USAGE_INVALID */
export function ddpmStep<S extends Samples>(prediction: Prediction<S>, t: StepIndices, noise: Samples): S {
  const { mean, logVariance } = prediction;
  checkSameShape("the noise", mean, noise);
  return mapSamples(
    mean,
    (n, e) => mean.data[e]! + (t[n] === 0 ? 0 : Math.exp(0.5 * logVariance.data[e]!) * noise.data[e]!),
  );
}

/**
 * DDIM: ε is recomputed from the (clipped) x_0, then x_{t−1} built from both; η = 0 is deterministic, η = 1 like DDPM.
 * @throws DifftapError USAGE_INVALID
 */
export function ddimStep<S extends Samples>(
  schedule: Schedule,
  prediction: Prediction<S>,
  xt: S,
  t: StepIndices,
  noise: Samples,
  eta: number,
): S {
  checkSameShape("the noise", xt, noise);
  const { predictedStart } = prediction;
  const epsilon = epsilonFromStart(schedule, xt, t, predictedStart);
  return mapSamples(xt, (n, e) => {
    const before = schedule.alphasCumprodPrev[t[n]!]!;
    const sigma = ddimSigma(schedule, t[n]!, eta);
    const added = t[n] === 0 ? 0 : sigma * noise.data[e]!;
    return (
      Math.sqrt(before) * predictedStart.data[e]! +
      Math.sqrt(1 - before - sigma ** 2) * epsilon.data[e]! +
      added
    );
  });
}

/** σ = η·√((1−ᾱ_prev)/(1−ᾱ))·√(1−ᾱ/ᾱ_prev). */
function ddimSigma(schedule: Schedule, t: number, eta: number): number {
  const now = schedule.alphasCumprod[t]!;
  const before = schedule.alphasCumprodPrev[t]!;
  return eta * Math.sqrt((1 - before) / (1 - now)) * Math.sqrt(1 - now / before);
}

/** DDIM backwards: from x_t to x_{t+1}, without noise; ᾱ is 0 after the last step. */
export function ddimReverseStep<S extends Samples>(
  schedule: Schedule,
  prediction: Prediction<S>,
  xt: S,
  t: StepIndices,
): S {
  const { predictedStart } = prediction;
  const epsilon = epsilonFromStart(schedule, xt, t, predictedStart);
  return mapSamples(xt, (n, e) => {
    const next = schedule.alphasCumprodNext[t[n]!]!;
    return Math.sqrt(next) * predictedStart.data[e]! + Math.sqrt(1 - next) * epsilon.data[e]!;
  });
}
