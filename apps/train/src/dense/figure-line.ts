/** A figure over the seeds as a line on the terminal. */

interface Line {
  readonly name: string;
  readonly mean: number | null;
  readonly deviation: number | null;
  /** Of the first run. */
  readonly interval: readonly [number, number] | null;
  readonly seeds: readonly number[];
  readonly n: number;
}

/** "box AP50 71.20 ± 0.40 % (mean ± standard deviation, seeds 0, 1, 2, n = 72)" */
export function figureLine({ name, mean, deviation, interval, seeds, n }: Line): string {
  const about = `seeds ${seeds.join(", ")}, n = ${n}`;
  if (mean === null) return `${name}: nothing to find (${about})`;
  if (deviation !== null) {
    return `${name} ${mean.toFixed(2)} ± ${deviation.toFixed(2)} % (mean ± standard deviation, ${about})`;
  }
  const range = interval ? `95 % interval ${interval.map((end) => end.toFixed(2)).join("–")}, ` : "";
  return `${name} ${mean.toFixed(2)} % (${range}${about})`;
}
