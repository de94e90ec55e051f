/** Ancestral sampling: one step from x_t to x_{t−1}. Source: Ho et al. 2020, algorithm 2. */
import { type Batch, eachSample, emptyLike, requireLengths } from "./batch.js";
import { conditionMean, type Guided } from "./guidance.js";
import { type ModelAnswer, type ModelKind, pMeanVariance } from "./p-mean-variance.js";
import type { Schedule } from "./schedule.js";

/** Where a step leads. */
export interface Step<B extends Batch = Batch> {
  readonly sample: B;
  readonly predictedXStart: B;
}

/**
 * A sample of p(x_{t−1} | x_t): mean + σ·noise; at t = 0 the mean itself. A gradient shifts the mean by variance·gradient.
 * @param answer the network's answer and `noise`, standard normal, as many values as x
 * @throws DifftapError as `pMeanVariance` does.
 */
export function ddpmStep<B extends Batch>(
  schedule: Schedule,
  kind: ModelKind,
  answer: ModelAnswer<B> & Guided & { readonly noise: Batch },
): Step<B> {
  const { x, noise, gradient, timesteps } = answer;
  requireLengths(x.length, { noise });
  const prediction = pMeanVariance(schedule, kind, answer);
  const { variance, logVariance, predictedXStart } = prediction;
  const mean = gradient ? conditionMean(prediction.mean, variance, gradient) : prediction.mean;
  const sample = emptyLike(x);
  eachSample(schedule, timesteps, x.length, (t, from, to) => {
    for (let i = from; i < to; i++) {
      sample[i] = mean[i]! + (t === 0 ? 0 : Math.exp(0.5 * logVariance[i]!) * noise[i]!);
    }
  });
  return { sample, predictedXStart };
}
