/** The curves of a run, gathered by their axes; what differs only in its seed is one line, its mean, with the seeds behind it. */
import {
  type Curve,
  type CurvePoint,
  type MetricRecord,
  type Results,
  thinPoints,
} from "@difftap/run-folder";
import type { ChartSeries, ChartSpec } from "./line-chart.js";
import { meanLine } from "./mean-line.js";
import { seedNames, upperFirst } from "./numbers.js";

/** Curves of equal axis labels in one chart each; where there are several heads, each split has a chart of its own. */
export function curveCharts(curves: readonly Curve[]): ChartSpec[] {
  const ofAxes = grouped(curves, ({ xLabel, yLabel }) => [xLabel, yLabel]);
  return ofAxes.flatMap((group) =>
    distinct(group, "head") > 1 ? grouped(group, ({ split }) => [split]).map(chartOf) : [chartOf(group)],
  );
}

function chartOf(curves: readonly Curve[]): ChartSpec {
  const [{ xLabel, yLabel, split }, several] = [curves[0]!, distinct(curves, "head") > 1];
  return {
    title: `${titleOf(yLabel, xLabel)}${several && split ? `, ${split}` : ""}${seedsOf(curves)}`,
    xLabel,
    yLabel,
    series: seriesOf(curves),
  };
}

/** "Top-1 in per cent over epoch" */
function titleOf(yLabel: string, xLabel: string): string {
  if (yLabel === "%") return `Per cent over ${xLabel}`;
  return upperFirst(`${yLabel.replace(/, %$/, " in per cent")} over ${xLabel}`);
}

function seedsOf(curves: readonly Curve[]): string {
  const seeds = [...new Set(curves.flatMap(({ seed }) => seed ?? []))].sort((a, b) => a - b);
  if (seeds.length === 0) return "";
  const alone = curves.every(({ points }) => points.length < 2);
  if (alone && seeds.length > 1) return `, mean of ${seedNames(seeds)}`;
  return seeds.length === 1 ? `, ${seedNames(seeds)}` : `, mean (strong) of ${seedNames(seeds)} (thin)`;
}

function seriesOf(curves: readonly Curve[]): ChartSeries[] {
  const parts = (["head", "split"] as const).filter((part) => distinct(curves, part) > 1);
  return grouped(curves, identity).flatMap((group) => {
    const [first] = group;
    const name = parts.map((part) => first![part]).join(", ") || first!.head || first!.name;
    const seeds = new Set(group.map(({ seed }) => seed));
    // One seed twice: these curves differ in more than their seed, which only their names can say.
    if (seeds.size < group.length)
      return group.map((curve) => ({ name: curve.name, points: pointsOf(curve) }));
    return [group.length === 1 ? { name, points: pointsOf(first!) } : overSeeds(name, group)];
  });
}

/** Curves of equal identity differ in nothing but their seed: names of heads' curves may tell it, those of others do not. */
const identity = ({ name, head, seed, split }: Curve) =>
  seed === undefined || head === undefined ? [name, head, split] : [head, split];

function overSeeds(name: string, curves: readonly Curve[]): ChartSeries {
  const lines = curves.map(({ points }) => thinPoints(points));
  return { name, points: meanLine(lines), members: lines.map(chartPoints) };
}

const pointsOf = ({ points }: Curve) => chartPoints(thinPoints(points));
const chartPoints = (points: readonly CurvePoint[]) => points.map(([x, y]) => ({ x, y }));

function grouped(curves: readonly Curve[], keyOf: (curve: Curve) => unknown): Curve[][] {
  const groups = new Map<string, Curve[]>();
  for (const curve of curves) {
    const key = JSON.stringify(keyOf(curve));
    groups.set(key, [...(groups.get(key) ?? []), curve]);
  }
  return [...groups.values()];
}

const distinct = (curves: readonly Curve[], part: "head" | "split") =>
  new Set(curves.map((curve) => curve[part])).size;

/** The curves of a run; where it names none, those of its metrics.jsonl, one chart per value: "NAME/loss" is the loss of a model. */
export function trainingCurves(results: Results, metrics: readonly MetricRecord[]): Curve[] {
  if (results.curves) return results.curves;
  const curves = new Map<string, Curve>();
  for (const { step, split, values } of metrics) {
    for (const [value, y] of Object.entries(values)) {
      const cut = value.lastIndexOf("/");
      const yLabel = value.slice(cut + 1) || value;
      const head = cut > 0 ? value.slice(0, cut) : undefined;
      const key = JSON.stringify([split, value]);
      const name = [head, split].filter(Boolean).join(", ") || yLabel;
      const curve = curves.get(key) ?? { name, xLabel: "step", yLabel, points: [], head, split };
      curve.points.push([step, y]);
      curves.set(key, curve);
    }
  }
  return [...curves.values()];
}
