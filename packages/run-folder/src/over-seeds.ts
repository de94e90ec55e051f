/** One number for what was trained several times. */
import { sum } from "./shares.js";

export interface OverSeeds {
  readonly mean: number;
  /** Sample standard deviation (n − 1); null for a single value. */
  readonly deviation: number | null;
}

/** Mean and sample standard deviation of what the seeds gave. @throws RangeError without values. */
export function overSeeds(values: readonly number[]): OverSeeds {
  if (values.length === 0) throw new RangeError("a mean over no seeds");
  const mean = sum(values) / values.length;
  if (values.length === 1) return { mean, deviation: null };
  const squares = values.map((value) => (value - mean) ** 2);
  return { mean, deviation: Math.sqrt(sum(squares) / (values.length - 1)) };
}
