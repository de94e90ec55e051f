/** The charts of a run: accuracy over blocks, and its curves gathered by their axes. */
import type { Curve, Grid, MetricRecord, Results } from "@difftap/run-folder";
import { placesOf } from "./grid-reading.js";
import type { ChartPoint, ChartSeries, ChartSpec } from "./line-chart.js";
import { timestepName } from "./numbers.js";

/** One line per timestep, baselines dashed. */
export function blockChart(grid: Grid): ChartSpec {
  const lines = grid.timesteps.map(
    (timestep, row): ChartSeries => ({
      name: timestepName(timestep),
      points: grid.blocks.flatMap((block, column) => cellPoint(grid, row, column, block)),
    }),
  );
  const every = Math.ceil(grid.blocks.length / 20);
  return {
    title: "Top-1 accuracy over the blocks, one line per timestep, with 95 % intervals",
    xLabel: "block",
    yLabel: "top-1, %",
    series: [...lines, ...grid.baselines.map((baseline) => baselineSeries(grid, baseline))],
    xTicks: grid.blocks.filter((_, index) => index % every === 0),
    spans: placesOf(grid).map(({ label, start, length }) => ({
      label,
      from: grid.blocks[start]!,
      to: grid.blocks[start + length - 1]!,
    })),
  };
}

function cellPoint(grid: Grid, row: number, column: number, block: number): ChartPoint[] {
  const value = grid.top1[row]?.[column];
  const ends = grid.interval[row]?.[column];
  return value == null ? [] : [{ x: block, y: value, low: ends?.[0], high: ends?.[1] }];
}

function baselineSeries(grid: Grid, { name, top1 }: Grid["baselines"][number]): ChartSeries {
  const points = grid.blocks.map((block, column) => ({
    x: block,
    y: Array.isArray(top1) ? top1[column]! : top1,
  }));
  return { name, points, comparison: true };
}

/** Curves of equal axis labels in one chart each. */
export function curveCharts(curves: readonly Curve[]): ChartSpec[] {
  const groups = new Map<string, Curve[]>();
  for (const curve of curves) {
    const key = JSON.stringify([curve.xLabel, curve.yLabel]);
    groups.set(key, [...(groups.get(key) ?? []), curve]);
  }
  return [...groups.values()].map((group) => ({
    title: titleOf(group[0]!),
    xLabel: group[0]!.xLabel,
    yLabel: group[0]!.yLabel,
    series: group.map(({ name, points }) => ({ name, points: points.map(([x, y]) => ({ x, y })) })),
  }));
}

/** "Top-1 in per cent over epoch" */
function titleOf({ yLabel, xLabel }: Curve): string {
  const title = `${yLabel.replace(/, %$/, " in per cent")} over ${xLabel}`;
  return title.charAt(0).toUpperCase() + title.slice(1);
}

/** The curves of a run; where it names none, those of its metrics.jsonl, one chart per value. */
export function trainingCurves(results: Results, metrics: readonly MetricRecord[]): Curve[] {
  if (results.curves) return results.curves;
  const curves = new Map<string, Curve>();
  for (const { step, split, values } of metrics) {
    for (const [yLabel, value] of Object.entries(values)) {
      const name = split ?? yLabel;
      const key = JSON.stringify([name, yLabel]);
      const curve = curves.get(key) ?? { name, xLabel: "step", yLabel, points: [] };
      curve.points.push([step, value]);
      curves.set(key, curve);
    }
  }
  return [...curves.values()];
}
