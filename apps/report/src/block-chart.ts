/** Accuracy over blocks as a chart. */
import type { Grid } from "@difftap/run-folder";
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
