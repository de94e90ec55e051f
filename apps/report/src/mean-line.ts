/** The mean of several lines. */
import { type CurvePoint, overSeeds } from "@difftap/run-folder";
import type { ChartPoint } from "./line-chart.js";

/**
 * Mean and sample standard deviation of the lines at every x that one of them has, over the stretch that all of them cover; between its points a line is straight.
 * Points are in order of x. Nothing when the lines share no stretch.
 */
export function meanLine(lines: readonly (readonly CurvePoint[])[]): ChartPoint[] {
  if (lines.length === 0 || lines.some(({ length }) => length === 0)) return [];
  const from = Math.max(...lines.map((line) => line[0]![0]));
  const to = Math.min(...lines.map((line) => line.at(-1)![0]));
  const steps = [...new Set(lines.flatMap((line) => line.map(([x]) => x)))].sort((a, b) => a - b);
  return steps
    .filter((x) => x >= from && x <= to)
    .map((x) => {
      const { mean, deviation } = overSeeds(lines.map((line) => heightAt(line, x)));
      return { x, y: mean, deviation };
    });
}

/** y of a line at an x that it covers. */
function heightAt(line: readonly CurvePoint[], x: number): number {
  const after = line.findIndex(([at]) => at >= x);
  const [right, high] = line[after]!;
  if (right === x || after === 0) return high;
  const [left, low] = line[after - 1]!;
  return low + ((high - low) * (x - left)) / (right - left);
}
