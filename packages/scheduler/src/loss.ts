/** Pretraining losses, per sample. Source: Nichol and Dhariwal 2021 (arXiv 2102.09672), section 3.1; guided-diffusion. */
import { DifftapError } from "@difftap/core";
import { type Batch, eachSample, requireLengths, type Timesteps } from "./batch.js";
import { qSample } from "./diffuse.js";
import { discretizedGaussianLogLikelihood, normalKl } from "./likelihood.js";
import { learnsVariance } from "./model-variance.js";
import { type ModelKind, type Prediction, pMeanVariance, splitOutput } from "./p-mean-variance.js";
import { type Gaussian, posteriorMean, qPosterior } from "./posterior.js";
import { velocityOf } from "./predictions.js";
import type { Schedule } from "./schedule.js";

/** MSE and KL as they are; RESCALED_MSE scales its variational term by T/1000, RESCALED_KL by T, the number of kept steps. */
export type LossType = "MSE" | "RESCALED_MSE" | "KL" | "RESCALED_KL";

const LOSS_TYPES: readonly LossType[] = ["MSE", "RESCALED_MSE", "KL", "RESCALED_KL"];

export interface LossInput {
  /** x_0 in [−1, 1], N samples. */
  readonly xStart: Batch;
  /** ε that x_t was made with, as many values. */
  readonly noise: Batch;
  /** The network's output at x_t = qSample(x_0, ε). */
  readonly modelOutput: Batch;
  /** N indices of the schedule. */
  readonly timesteps: Timesteps;
}

/** N numbers each. */
export interface Losses {
  readonly loss: Float64Array;
  /** Mean squared error of what the network predicts; MSE losses only. */
  readonly mse?: Float64Array;
  /** The variational term as it enters the loss, in bits per dimension; MSE losses of networks with learned variance only. */
  readonly vb?: Float64Array;
}

/**
 * The loss of each sample. With a learned variance MSE losses add the variational term, whose mean is to be detached when
 * gradients are taken.
 * @throws DifftapError CONFIG_INVALID for an unknown loss, else as `pMeanVariance` does.
 */
export function pretrainingLoss(
  schedule: Schedule,
  kind: ModelKind,
  type: LossType,
  input: LossInput,
): Losses {
  if (!LOSS_TYPES.includes(type)) {
    throw new DifftapError("CONFIG_INVALID", `there is no loss "${String(type)}"`, {
      hint: `known: ${LOSS_TYPES.join(", ")}`,
    });
  }
  if (type === "KL") return { loss: variationalTerm(schedule, kind, input) };
  if (type === "RESCALED_KL") return { loss: scaled(variationalTerm(schedule, kind, input), schedule.steps) };
  const mse = squaredError(schedule, kind, input);
  if (!learnsVariance(kind.variance)) return { loss: mse, mse };
  const scale = type === "RESCALED_MSE" ? schedule.steps / 1000 : 1;
  const vb = scaled(variationalTerm(schedule, kind, input), scale);
  return { loss: mse.map((error, n) => error + vb[n]!), mse, vb };
}

/**
 * One term of the variational bound for each sample, in bits per dimension: KL(q(x_{t−1} | x_t, x_0) ‖ p(x_{t−1} | x_t)), and
 * at t = 0 the negative log-likelihood of the 8-bit image. x_0 is not clipped.
 * @throws DifftapError as `pMeanVariance` does.
 */
export function variationalTerm(schedule: Schedule, kind: ModelKind, input: LossInput): Float64Array {
  const { xStart, noise, modelOutput, timesteps } = input;
  const xT = qSample(schedule, xStart, noise, timesteps);
  const truth = qPosterior(schedule, xStart, xT, timesteps);
  const predicted = pMeanVariance(schedule, kind, { x: xT, modelOutput, timesteps, clip: false });
  const nats = meanOverDimensions(schedule, timesteps, xT.length, (i, t) =>
    t === 0 ? decoderNats(xStart, predicted, i) : klNats(truth, predicted, i),
  );
  return scaled(nats, 1 / Math.LN2);
}

function decoderNats(xStart: Batch, { mean, logVariance }: Prediction, i: number): number {
  return -discretizedGaussianLogLikelihood(xStart[i]!, mean[i]!, 0.5 * logVariance[i]!);
}

function klNats(truth: Gaussian, predicted: Gaussian, i: number): number {
  return normalKl(truth.mean[i]!, truth.logVariance[i]!, predicted.mean[i]!, predicted.logVariance[i]!);
}

function squaredError(schedule: Schedule, kind: ModelKind, input: LossInput): Float64Array {
  const { xStart, modelOutput, timesteps } = input;
  const { output } = splitOutput(kind.variance, xStart, modelOutput, timesteps.length);
  const target = predictionTarget(schedule, kind, input);
  return meanOverDimensions(schedule, timesteps, xStart.length, (i) => (target[i]! - output[i]!) ** 2);
}

function predictionTarget(schedule: Schedule, { mean }: ModelKind, input: LossInput): Batch {
  const { xStart, noise, timesteps } = input;
  requireLengths(xStart.length, { noise });
  if (mean === "EPSILON") return noise;
  if (mean === "START_X") return xStart;
  if (mean === "VELOCITY") return velocityOf(schedule, Float64Array.from(xStart), noise, timesteps);
  return posteriorMean(schedule, xStart, qSample(schedule, xStart, noise, timesteps), timesteps);
}

function meanOverDimensions(
  schedule: Schedule,
  timesteps: Timesteps,
  length: number,
  term: (i: number, t: number) => number,
): Float64Array {
  const means = new Float64Array(timesteps.length);
  eachSample(schedule, timesteps, length, (t, from, to, sample) => {
    let sum = 0;
    for (let i = from; i < to; i++) sum += term(i, t);
    means[sample] = sum / (to - from);
  });
  return means;
}

function scaled(values: Float64Array, factor: number): Float64Array {
  return values.map((value) => value * factor);
}
