/** Guidance: a reverse process pulled towards a class by the gradient of a log-probability. Source: Dhariwal and Nichol 2021 (arXiv 2105.05233), algorithms 1 and 2. */
import { affine } from "./affine.js";
import { type Batch, emptyLike, requireLengths, type Timesteps } from "./batch.js";
import type { Schedule } from "./schedule.js";

/** What a step may be guided by. */
export interface Guided {
  /** ∇ log p(y | x_t) with respect to x_t, times the guidance scale; as many values as x. */
  readonly gradient?: Batch | undefined;
}

/**
 * The guided mean of p(x_{t−1} | x_t, y): mean + variance·gradient.
 * @throws DifftapError USAGE_INVALID for lengths that differ.
 */
export function conditionMean<B extends Batch>(mean: B, variance: Batch, gradient: Batch): B {
  requireLengths(mean.length, { variance, gradient });
  const out = emptyLike(mean);
  for (let i = 0; i < mean.length; i++) out[i] = mean[i]! + variance[i]! * gradient[i]!;
  return out;
}

/**
 * The guided ε for DDIM: ε − √(1 − ᾱ_t)·gradient.
 * @throws DifftapError USAGE_INVALID for lengths that differ, REQUEST_INVALID for a timestep that does not exist.
 */
export function conditionScore<B extends Batch>(
  schedule: Schedule,
  epsilon: B,
  gradient: Batch,
  timesteps: Timesteps,
): B {
  requireLengths(epsilon.length, { gradient });
  const { sqrtOneMinusAlphasCumprod } = schedule;
  return affine(schedule, timesteps, [() => 1, epsilon], [(t) => -sqrtOneMinusAlphasCumprod[t]!, gradient]);
}
