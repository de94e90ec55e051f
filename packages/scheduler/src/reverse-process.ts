/** What the network's output says about the step before: p(x_{t−1} | x_t). Source: guided-diffusion, p_mean_variance. */
import { DifftapError, ndarray } from "@difftap/core";
import { type Gaussian, posterior } from "./forward-process.js";
import { checkSteps, mapSamples, type Samples, type StepIndices } from "./samples.js";
import type { Schedule } from "./schedule.js";

/** What the network predicts: the noise, the image, or the mean of the step before itself. */
export type MeanType = "EPSILON" | "START_X" | "PREVIOUS_X";
/** Where the variance comes from: the posterior's, β, the network's own, or the network's place between the two. */
export type VarianceType = "FIXED_SMALL" | "FIXED_LARGE" | "LEARNED" | "LEARNED_RANGE";

export interface OutputMeaning {
  readonly mean: MeanType;
  readonly variance: VarianceType;
  /** Clip the predicted x_0 to [−1, 1]. */
  readonly clip: boolean;
}

export interface Prediction<S extends Samples = Samples> extends Gaussian<S> {
  /** The predicted x_0. */
  readonly predictedStart: S;
}

/**
 * Reads a network's output.
 * @param output [N, C, …], or [N, 2C, …] for learned variances, whose last C channels are the variance's
 * @throws DifftapError USAGE_INVALID for an output of another shape, REQUEST_INVALID for illegal timesteps.
 */
export function interpretOutput<S extends Samples>(
  schedule: Schedule,
  meaning: OutputMeaning,
  xt: S,
  t: StepIndices,
  output: Samples,
): Prediction<S> {
  checkSteps(xt, t, schedule.steps);
  const { main, extra } = splitOutput(xt, output, meaning.variance);
  const logVariance = logVarianceOf(schedule, meaning.variance, xt, t, extra);
  const variance = varianceOf(schedule, meaning.variance, xt, t, logVariance);
  const predictedStart = startOf(schedule, meaning, xt, t, main);
  const mean = meaning.mean === "PREVIOUS_X" ? main : posterior(schedule, predictedStart, xt, t).mean;
  return { mean, variance, logVariance, predictedStart };
}

/** ε that leads from `start` to x_t. */
export function epsilonFromStart<S extends Samples>(
  schedule: Schedule,
  xt: S,
  t: StepIndices,
  start: Samples,
): S {
  const { sqrtRecipAlphasCumprod: a, sqrtRecipm1AlphasCumprod: b } = schedule;
  return mapSamples(xt, (n, e) => (a[t[n]!]! * xt.data[e]! - start.data[e]!) / b[t[n]!]!);
}

/** The output's two halves; `extra` is empty for fixed variances. */
export function splitOutput<S extends Samples>(
  xt: S,
  output: Samples,
  variance: VarianceType,
): { main: S; extra: Samples["data"] } {
  const learned = variance === "LEARNED" || variance === "LEARNED_RANGE";
  const factor = learned ? 2 : 1;
  const [batch, channels, ...rest] = xt.shape;
  const expected = [batch!, channels! * factor, ...rest];
  if (output.shape.join() !== expected.join()) {
    throw new DifftapError("USAGE_INVALID", `the network's output has shape [${output.shape.join(", ")}]`, {
      hint: `${variance} needs [${expected.join(", ")}]`,
      details: { shape: output.shape, expected },
    });
  }
  const perSample = xt.data.length / batch!;
  const main = mapSamples(xt, (n, e) => output.data[e + n * perSample * (factor - 1)]!);
  if (!learned) return { main, extra: new Float64Array(0) };
  const extra = mapSamples(ndarray("float64", xt.shape), (n, e) => output.data[e + (n + 1) * perSample]!);
  return { main, extra: extra.data };
}

function logVarianceOf<S extends Samples>(
  schedule: Schedule,
  type: VarianceType,
  xt: S,
  t: StepIndices,
  extra: Samples["data"],
): S {
  const { betas, posteriorLogVarianceClipped: clipped } = schedule;
  switch (type) {
    case "FIXED_SMALL":
      return mapSamples(xt, (n) => clipped[t[n]!]!);
    case "FIXED_LARGE":
      return mapSamples(xt, (n) => (t[n] === 0 ? clipped[0]! : Math.log(betas[t[n]!]!)));
    case "LEARNED":
      return mapSamples(xt, (_, e) => extra[e]!);
    case "LEARNED_RANGE":
      return mapSamples(xt, (n, e) => {
        const fraction = (extra[e]! + 1) / 2;
        return fraction * Math.log(betas[t[n]!]!) + (1 - fraction) * clipped[t[n]!]!;
      });
  }
}

/** The posterior's own variance is zero at the first step, whatever its clipped logarithm says. */
function varianceOf<S extends Samples>(
  schedule: Schedule,
  type: VarianceType,
  xt: S,
  t: StepIndices,
  logVariance: S,
): S {
  if (type === "FIXED_SMALL") return mapSamples(xt, (n) => schedule.posteriorVariance[t[n]!]!);
  return mapSamples(xt, (_, e) => Math.exp(logVariance.data[e]!));
}

function startOf<S extends Samples>(
  schedule: Schedule,
  { mean, clip }: OutputMeaning,
  xt: S,
  t: StepIndices,
  main: S,
): S {
  const bounded = clip ? (value: number) => Math.min(1, Math.max(-1, value)) : (value: number) => value;
  switch (mean) {
    case "START_X":
      return mapSamples(xt, (_, e) => bounded(main.data[e]!));
    case "EPSILON": {
      const { sqrtRecipAlphasCumprod: a, sqrtRecipm1AlphasCumprod: b } = schedule;
      return mapSamples(xt, (n, e) => bounded(a[t[n]!]! * xt.data[e]! - b[t[n]!]! * main.data[e]!));
    }
    case "PREVIOUS_X": {
      const { posteriorMeanCoef1: a, posteriorMeanCoef2: b } = schedule;
      return mapSamples(xt, (n, e) => bounded((main.data[e]! - b[t[n]!]! * xt.data[e]!) / a[t[n]!]!));
    }
  }
}
