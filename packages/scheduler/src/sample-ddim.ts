/** DDIM: deterministic (or partly random) steps, forwards and backwards. Source: Song et al. 2020 (arXiv 2010.02502), equation 12. */
import { DifftapError } from "@difftap/core";
import { affine } from "./affine.js";
import { type Batch, eachSample, requireLengths } from "./batch.js";
import { conditionScore, type Guided } from "./guidance.js";
import { type ModelAnswer, type ModelKind, pMeanVariance } from "./p-mean-variance.js";
import { epsilonFromXStart, xStartFromEpsilon } from "./predictions.js";
import type { Step } from "./sample-ddpm.js";
import type { Schedule } from "./schedule.js";

export interface DdimOptions {
  /** 0: deterministic (default); 1: as random as DDPM. */
  readonly eta?: number;
  /** Standard normal, as many values as x; needed when eta is above 0. */
  readonly noise?: Batch;
}

/**
 * One step from x_t to x_{t−1}. ε is recomputed from the clipped x_0; no noise is added at t = 0. A gradient guides ε, and x_0
 * follows from it without being clipped again, as in the reference.
 * @throws DifftapError as `pMeanVariance` does; USAGE_INVALID for an eta outside 0 to 1, or above 0 without noise.
 */
export function ddimStep<B extends Batch>(
  schedule: Schedule,
  kind: ModelKind,
  answer: ModelAnswer<B> & DdimOptions & Guided,
): Step<B> {
  const { eta = 0, noise, timesteps } = answer;
  requireEta(eta, noise);
  const { predictedXStart, epsilon } = guided(schedule, answer, predict(schedule, kind, answer));
  const sigma = (t: number) => eta * largestSigma(schedule, t);
  const previous = (t: number) => schedule.alphasCumprodPrev[t]!;
  const sample = affine(
    schedule,
    timesteps,
    [(t) => Math.sqrt(previous(t)), predictedXStart],
    // At t = 0 the difference is 0 and may round to just below it.
    [(t) => Math.sqrt(Math.max(0, 1 - previous(t) - sigma(t) ** 2)), epsilon],
  );
  if (noise !== undefined && eta > 0) addNoise(schedule, sample, noise, timesteps, sigma);
  return { sample, predictedXStart };
}

/**
 * One step of the reverse ODE, from x_t to x_{t+1}; after the last timestep ᾱ is 0 and only ε is left.
 * @throws DifftapError as `pMeanVariance` does.
 */
export function ddimReverseStep<B extends Batch>(
  schedule: Schedule,
  kind: ModelKind,
  answer: ModelAnswer<B>,
): Step<B> {
  const { predictedXStart, epsilon } = predict(schedule, kind, answer);
  const next = (t: number) => schedule.alphasCumprodNext[t]!;
  const sample = affine(
    schedule,
    answer.timesteps,
    [(t) => Math.sqrt(next(t)), predictedXStart],
    [(t) => Math.sqrt(1 - next(t)), epsilon],
  );
  return { sample, predictedXStart };
}

interface Predicted<B extends Batch> {
  readonly predictedXStart: B;
  readonly epsilon: B;
}

function guided<B extends Batch>(
  schedule: Schedule,
  { x, gradient, timesteps }: ModelAnswer<B> & Guided,
  predicted: Predicted<B>,
): Predicted<B> {
  if (gradient === undefined) return predicted;
  const epsilon = conditionScore(schedule, predicted.epsilon, gradient, timesteps);
  return { epsilon, predictedXStart: xStartFromEpsilon(schedule, x, epsilon, timesteps) };
}

function predict<B extends Batch>(schedule: Schedule, kind: ModelKind, answer: ModelAnswer<B>): Predicted<B> {
  const { predictedXStart } = pMeanVariance(schedule, kind, answer);
  const epsilon = epsilonFromXStart(schedule, answer.x, predictedXStart, answer.timesteps);
  return { predictedXStart, epsilon };
}

/** σ at η = 1: √((1 − ᾱ_prev)/(1 − ᾱ))·√(1 − ᾱ/ᾱ_prev). */
function largestSigma({ alphasCumprod, alphasCumprodPrev }: Schedule, t: number): number {
  const alphaBar = alphasCumprod[t]!;
  const previous = alphasCumprodPrev[t]!;
  return Math.sqrt((1 - previous) / (1 - alphaBar)) * Math.sqrt(1 - alphaBar / previous);
}

function addNoise(
  schedule: Schedule,
  sample: Batch,
  noise: Batch,
  timesteps: ArrayLike<number>,
  sigma: (t: number) => number,
): void {
  requireLengths(sample.length, { noise });
  eachSample(schedule, timesteps, sample.length, (t, from, to) => {
    const scale = t === 0 ? 0 : sigma(t);
    for (let i = from; i < to; i++) sample[i]! += scale * noise[i]!;
  });
}

function requireEta(eta: number, noise: Batch | undefined): void {
  if (!(eta >= 0 && eta <= 1)) throw new DifftapError("USAGE_INVALID", `eta ${eta} is not between 0 and 1`);
  if (eta > 0 && noise === undefined) throw new DifftapError("USAGE_INVALID", `eta ${eta} needs noise`);
}
