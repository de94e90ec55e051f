/** The pretraining losses, per sample. Source: guided-diffusion, training_losses and _vb_terms_bpd. */
import { diffuse, posterior } from "./forward-process.js";
import { discretizedGaussianLogLikelihood, gaussianKl } from "./likelihood.js";
import { interpretOutput, type OutputMeaning, splitOutput } from "./reverse-process.js";
import { meanPerSample, type Samples, type StepIndices } from "./samples.js";
import type { Schedule } from "./schedule.js";

export type LossType = "MSE" | "RESCALED_MSE" | "KL" | "RESCALED_KL";

/** Each [N]. `mse` and `vb` are there where the loss has them; `vb` is in bits per dimension, already scaled. */
export interface LossTerms {
  readonly loss: Float64Array;
  readonly mse?: Float64Array;
  readonly vb?: Float64Array;
}

export interface LossInputs {
  readonly xStart: Samples;
  readonly t: StepIndices;
  readonly noise: Samples;
  /** The network's output on x_t. */
  readonly output: Samples;
}

/**
 * MSE: mse + vb; RESCALED_MSE: mse + vb·T/1000; KL: vb; RESCALED_KL: vb·T, T being the number of kept steps.
 * The vb term is there for learned variances.
 * @throws DifftapError USAGE_INVALID, REQUEST_INVALID
 */
export function trainingLoss(
  schedule: Schedule,
  type: LossType,
  meaning: Omit<OutputMeaning, "clip">,
  inputs: LossInputs,
): LossTerms {
  const xt = diffuse(schedule, inputs.xStart, inputs.t, inputs.noise);
  const bound = () => variationalBound(schedule, meaning, inputs, xt);
  if (type === "KL") return { loss: bound() };
  if (type === "RESCALED_KL") return { loss: bound().map((bits) => bits * schedule.steps) };
  const mse = squaredError(schedule, meaning, inputs, xt);
  if (meaning.variance === "FIXED_SMALL" || meaning.variance === "FIXED_LARGE") return { loss: mse, mse };
  const scale = type === "RESCALED_MSE" ? schedule.steps / 1000 : 1;
  const vb = bound().map((bits) => bits * scale);
  return { loss: mse.map((value, n) => value + vb[n]!), mse, vb };
}

function squaredError(
  schedule: Schedule,
  meaning: Omit<OutputMeaning, "clip">,
  { xStart, t, noise, output }: LossInputs,
  xt: Samples,
) {
  const { main } = splitOutput(xt, output, meaning.variance);
  const targets = {
    EPSILON: () => noise,
    START_X: () => xStart,
    PREVIOUS_X: () => posterior(schedule, xStart, xt, t).mean,
  };
  const target = targets[meaning.mean]();
  return meanPerSample(xt, (_, e) => (target.data[e]! - main.data[e]!) ** 2);
}

/** One term of the variational bound in bits per dimension: the KL to the true posterior, or the decoder's likelihood at t = 0. */
export function variationalBound(
  schedule: Schedule,
  meaning: Omit<OutputMeaning, "clip">,
  { xStart, t, output }: Omit<LossInputs, "noise">,
  xt: Samples,
): Float64Array {
  const truth = posterior(schedule, xStart, xt, t);
  const model = interpretOutput(schedule, { ...meaning, clip: false }, xt, t, output);
  const nats = meanPerSample(xt, (n, e) => {
    const mean = model.mean.data[e]!;
    const logVariance = model.logVariance.data[e]!;
    return t[n] === 0
      ? -discretizedGaussianLogLikelihood(xStart.data[e]!, mean, 0.5 * logVariance)
      : gaussianKl(truth.mean.data[e]!, truth.logVariance.data[e]!, mean, logVariance);
  });
  return nats.map((value) => value / Math.LN2);
}
