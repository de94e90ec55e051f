/** A schedule's tables at the timesteps of a batch, one tensor [N, 1, 1, 1] for each: what changes from step to step comes in as data. */
import { tf } from "@difftap/engine";
import type { Schedule } from "@difftap/scheduler";
import { computesAside } from "@difftap/trainer";
import { minSnrWeight, predictionOf } from "./prediction.js";
import type { ResolvedPretrainingRecipe } from "./recipe.js";

/** How a network's output is read and judged. */
export type LossKind = Pick<ResolvedPretrainingRecipe, "prediction" | "variance" | "loss" | "minSnr">;

export interface Coefficients {
  /** √ᾱ_t, the factor of x_0. */
  readonly signal: tf.Tensor;
  /** √(1 − ᾱ_t), the factor of ε. */
  readonly sigma: tf.Tensor;
  /** By how much the mean of p(x_{t−1} | x_t) is off when the network is off by one. */
  readonly errorOfMean: tf.Tensor;
  /** log β_t and the clipped logarithm of the posterior variance. */
  readonly logBeta: tf.Tensor;
  readonly logPosterior: tf.Tensor;
  /** 1 at t = 0, else 0. */
  readonly first: tf.Tensor;
  /** Whether the likelihood at t = 0 has to be computed: false where no sample is there and the engine has no graph that would change. */
  readonly withFirst: boolean;
  /** Of the squared error. */
  readonly weight: tf.Tensor;
}

/** `timesteps` are N indices of the schedule. Made in the caller's scope. */
export function coefficientsAt(
  schedule: Schedule,
  { prediction, minSnr }: LossKind,
  timesteps: ArrayLike<number>,
): Coefficients {
  const { alphasCumprod, posteriorMeanCoef1, betas, posteriorLogVarianceClipped } = schedule;
  const { errorOfXStart } = predictionOf(prediction);
  const column = (value: (t: number) => number) =>
    tf.tensor(Float32Array.from(timesteps, value), [timesteps.length, 1, 1, 1]);
  return {
    signal: column((t) => schedule.sqrtAlphasCumprod[t]!),
    sigma: column((t) => schedule.sqrtOneMinusAlphasCumprod[t]!),
    errorOfMean: column((t) => posteriorMeanCoef1[t]! * errorOfXStart(alphasCumprod[t]!)),
    logBeta: column((t) => Math.log(betas[t]!)),
    logPosterior: column((t) => posteriorLogVarianceClipped[t]!),
    first: column((t) => (t === 0 ? 1 : 0)),
    withFirst: computesAside() || Array.from(timesteps).includes(0),
    weight: column((t) => (minSnr === undefined ? 1 : minSnrWeight(prediction, minSnr, alphasCumprod[t]!))),
  };
}
