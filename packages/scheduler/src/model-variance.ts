/** The variance of p(x_{t−1} | x_t): fixed, or read from the network's extra channels. Source: Nichol and Dhariwal 2021, equation 15. */
import { DifftapError } from "@difftap/core";
import { spread } from "./affine.js";
import { type Batch, eachSample, emptyLike, type Timesteps } from "./batch.js";
import { firstVariance, type Schedule } from "./schedule.js";

/**
 * FIXED_SMALL: the posterior variance. FIXED_LARGE: β_t, the posterior variance of t = 1 standing in at t = 0.
 * LEARNED: exp(v). LEARNED_RANGE: between FIXED_SMALL and β_t in log space, v from −1 to 1.
 */
export type VarianceType = "FIXED_SMALL" | "FIXED_LARGE" | "LEARNED" | "LEARNED_RANGE";

const VARIANCE_TYPES: readonly VarianceType[] = ["FIXED_SMALL", "FIXED_LARGE", "LEARNED", "LEARNED_RANGE"];

/** True when the network puts out twice the channels, the second half of each sample being v. */
export function learnsVariance(type: VarianceType): boolean {
  if (!VARIANCE_TYPES.includes(type)) {
    throw new DifftapError("CONFIG_INVALID", `there is no variance type "${String(type)}"`, {
      hint: `known: ${VARIANCE_TYPES.join(", ")}`,
    });
  }
  return type === "LEARNED" || type === "LEARNED_RANGE";
}

/** The variance and its logarithm for every value of `x`; `v` is what the network put out beyond its mean. */
export function modelVariance<B extends Batch>(
  schedule: Schedule,
  type: VarianceType,
  x: B,
  v: Batch | undefined,
  timesteps: Timesteps,
): { variance: B; logVariance: B } {
  if (!learnsVariance(type)) return fixedVariance(schedule, type, x, timesteps);
  if (v === undefined)
    throw new DifftapError("USAGE_INVALID", `variance ${type} needs the network's extra channels`);
  const logVariance =
    type === "LEARNED" ? copyLike(x, v) : interpolatedLogVariance(schedule, x, v, timesteps);
  return { variance: logVariance.map(Math.exp) as B, logVariance };
}

function fixedVariance<B extends Batch>(
  schedule: Schedule,
  type: VarianceType,
  x: B,
  timesteps: Timesteps,
): { variance: B; logVariance: B } {
  const { posteriorVariance, posteriorLogVarianceClipped, betas } = schedule;
  const large = (t: number) => (t === 0 ? firstVariance(posteriorVariance, betas) : betas[t]!);
  const small = type === "FIXED_SMALL";
  return {
    variance: spread(schedule, timesteps, small ? (t) => posteriorVariance[t]! : large, x),
    logVariance: spread(
      schedule,
      timesteps,
      small ? (t) => posteriorLogVarianceClipped[t]! : (t) => Math.log(large(t)),
      x,
    ),
  };
}

function interpolatedLogVariance<B extends Batch>(
  schedule: Schedule,
  x: B,
  v: Batch,
  timesteps: Timesteps,
): B {
  const out = emptyLike(x);
  eachSample(schedule, timesteps, x.length, (t, from, to) => {
    const smallest = schedule.posteriorLogVarianceClipped[t]!;
    const largest = Math.log(schedule.betas[t]!);
    for (let i = from; i < to; i++) {
      const fraction = (v[i]! + 1) / 2;
      out[i] = fraction * largest + (1 - fraction) * smallest;
    }
  });
  return out;
}

function copyLike<B extends Batch>(x: B, values: Batch): B {
  const out = emptyLike(x);
  out.set(values);
  return out;
}
