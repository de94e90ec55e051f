/** Intervals for statistics without a formula for their variance: groups of samples left out in turn. Source: Efron, "The jackknife, the bootstrap and other resampling plans", 1982. */

/** 97.5 % quantile of Student's t for 1 … 9 degrees of freedom. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/**
 * 95 % interval around `value` from what the statistic is when each group of samples is left out: variance
 * (G − 1)/G·Σ(θ_g − mean)², Student's t with G − 1 degrees of freedom.
 * @param leftOut 2 to 10 values
 */
export function jackknifeInterval(value: number, leftOut: readonly number[]): [number, number] {
  const groups = leftOut.length;
  const mean = leftOut.reduce((sum, each) => sum + each, 0) / groups;
  const squares = leftOut.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const half = STUDENT[groups - 2]! * Math.sqrt(((groups - 1) / groups) * squares);
  return [value - half, value + half];
}
