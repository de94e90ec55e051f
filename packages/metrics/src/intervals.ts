/**
 * How far a measured share may be off.
 *
 * ```ts
 * import { wilsonInterval } from "@difftap/metrics";
 *
 * wilsonInterval(577, 1000); // [0.546…, 0.607…]
 * ```
 */
import { DifftapError, type RandomAddress, streams, uniforms } from "@difftap/core";

/** 97.5th percentile of the standard normal distribution: two-sided 95 %. */
const Z_95 = 1.959963984540054;

/**
 * 95 % interval of a share, by Wilson's score method: stays inside [0, 1] and holds at small n.
 * Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
 * @throws DifftapError USAGE_INVALID unless 0 ≤ correct ≤ n and n ≥ 1.
 */
export function wilsonInterval(correct: number, n: number): [number, number] {
  if (!Number.isInteger(n) || n < 1 || !(correct >= 0 && correct <= n)) {
    throw new DifftapError("USAGE_INVALID", `no interval for ${correct} right of ${n}`);
  }
  const share = correct / n;
  const z2n = (Z_95 * Z_95) / n;
  const centre = (share + z2n / 2) / (1 + z2n);
  const half = (Z_95 / (1 + z2n)) * Math.sqrt((share * (1 - share)) / n + z2n / (4 * n));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

interface Estimate {
  readonly value: number;
  /** 95 % interval. */
  readonly interval: readonly [number, number];
}

/**
 * 95 % interval of first − second from the intervals of both, as if they were independent: wider than need be where both
 * were measured on the same samples. Source: Newcombe, "Interval estimation for the difference between independent
 * proportions", Statistics in Medicine 1998, method 10.
 */
export function differenceInterval(first: Estimate, second: Estimate): [number, number] {
  const difference = first.value - second.value;
  const below = Math.hypot(first.value - first.interval[0], second.interval[1] - second.value);
  const above = Math.hypot(first.interval[1] - first.value, second.value - second.interval[0]);
  return [difference - below, difference + above];
}

export const DEFAULT_RESAMPLES = 1000;

export interface BootstrapOptions {
  /** Decides which samples are drawn. */
  readonly seed: number | bigint;
  /** Number of resamplings; 1,000 unless given. */
  readonly resamples?: number;
}

/**
 * 95 % percentile interval of the mean of any per-sample score, by resampling with replacement.
 * Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, ch. 13.
 * @throws DifftapError USAGE_INVALID without scores.
 */
export function bootstrapInterval(scores: ArrayLike<number>, options: BootstrapOptions): [number, number] {
  const { seed, resamples = DEFAULT_RESAMPLES } = options;
  if (scores.length === 0) throw new DifftapError("USAGE_INVALID", "no scores to resample");
  const means = Float64Array.from({ length: resamples }, (_, index) =>
    resampledMean(scores, { seed, stream: streams.subset, index }),
  );
  return percentileInterval(means);
}

function resampledMean(scores: ArrayLike<number>, address: RandomAddress): number {
  let sum = 0;
  for (const draw of uniforms(address, scores.length)) sum += scores[Math.floor(draw * scores.length)]!;
  return sum / scores.length;
}

/** The middle 95 % of a statistic's values over resamplings. */
export function percentileInterval(values: Float64Array): [number, number] {
  const sorted = values.slice().sort();
  return [quantile(sorted, 0.025), quantile(sorted, 0.975)];
}

/** Linear interpolation between order statistics. */
export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}
