/** The reverse process p(x_{t−1} | x_t), read from a network's output. Source: guided-diffusion, gaussian_diffusion.py. */
import { DifftapError } from "@difftap/core";
import { type Batch, emptyLike, requireLengths, type Timesteps } from "./batch.js";
import { learnsVariance, modelVariance, type VarianceType } from "./model-variance.js";
import { type Gaussian, posteriorMean } from "./posterior.js";
import { xStartFromEpsilon, xStartFromPrevious, xStartFromVelocity } from "./predictions.js";
import type { Schedule } from "./schedule.js";

/** What the network predicts: the noise, the image, the posterior mean itself, or v = √ᾱ·ε − √(1 − ᾱ)·x_0. */
export type MeanType = "EPSILON" | "START_X" | "PREVIOUS_X" | "VELOCITY";

/** How a network's output is to be read. The published ADM networks are EPSILON with LEARNED_RANGE. */
export interface ModelKind {
  readonly mean: MeanType;
  readonly variance: VarianceType;
}

/** A network's answer to a batch. */
export interface ModelAnswer<B extends Batch = Batch> {
  /** x_t, N samples. */
  readonly x: B;
  /** As many values as `x`; with a learned variance twice as many, the second half of each sample being v. */
  readonly modelOutput: Batch;
  /** N indices of the schedule. */
  readonly timesteps: Timesteps;
  /** Clip the predicted x_0 to [−1, 1]; default true. */
  readonly clip?: boolean;
}

export interface Prediction<B extends Batch = Batch> extends Gaussian<B> {
  /** The x_0 that the output amounts to, clipped if asked. */
  readonly predictedXStart: B;
}

/**
 * Mean, variance and predicted x_0 of p(x_{t−1} | x_t). Clipping acts on the predicted x_0 and through it on the mean; with
 * PREVIOUS_X the mean stays the raw output.
 * @throws DifftapError USAGE_INVALID for lengths that do not fit, REQUEST_INVALID for a timestep that does not exist.
 */
export function pMeanVariance<B extends Batch>(
  schedule: Schedule,
  kind: ModelKind,
  { x, modelOutput, timesteps, clip = true }: ModelAnswer<B>,
): Prediction<B> {
  const { output, v } = splitOutput(kind.variance, x, modelOutput, timesteps.length);
  const raw = rawXStart(schedule, kind.mean, x, output, timesteps);
  const predictedXStart = clip ? clipped(raw) : raw;
  const mean = kind.mean === "PREVIOUS_X" ? output : posteriorMean(schedule, predictedXStart, x, timesteps);
  return { mean, predictedXStart, ...modelVariance(schedule, kind.variance, x, v, timesteps) };
}

function rawXStart<B extends Batch>(
  schedule: Schedule,
  mean: MeanType,
  x: B,
  output: B,
  timesteps: Timesteps,
): B {
  switch (mean) {
    case "EPSILON":
      return xStartFromEpsilon(schedule, x, output, timesteps);
    case "PREVIOUS_X":
      return xStartFromPrevious(schedule, x, output, timesteps);
    case "VELOCITY":
      return xStartFromVelocity(schedule, x, output, timesteps);
    case "START_X":
      return output;
    default:
      throw new DifftapError("CONFIG_INVALID", `there is no mean type "${String(mean)}"`, {
        hint: "known: EPSILON, START_X, PREVIOUS_X, VELOCITY",
      });
  }
}

/** Each sample's mean part and, with a learned variance, the part behind it. */
export function splitOutput<B extends Batch>(
  variance: VarianceType,
  x: B,
  modelOutput: Batch,
  samples: number,
): { output: B; v: B | undefined } {
  const parts = learnsVariance(variance) ? 2 : 1;
  requireLengths(x.length * parts, { modelOutput });
  const part = (which: number) => {
    const out = emptyLike(x);
    const size = x.length / samples;
    for (let n = 0; n < samples; n++) {
      const from = (n * parts + which) * size;
      out.set(modelOutput.subarray(from, from + size), n * size);
    }
    return out;
  };
  return { output: part(0), v: parts === 2 ? part(1) : undefined };
}

function clipped<B extends Batch>(values: B): B {
  return values.map((value) => Math.min(1, Math.max(-1, value))) as B;
}
