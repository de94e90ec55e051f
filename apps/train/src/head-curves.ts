/** The lines of a run's metrics.jsonl as curves: losses and top-1 of each head over epochs. */
import { type Curve, type CurvePoint, type MetricRecord, readMetrics, thinPoints } from "@difftap/run-folder";
import type { Member } from "./members.js";

const shown = [
  { split: "train", value: "loss", name: "training loss", yLabel: "loss" },
  { split: "train", value: "diffusion", name: "diffusion loss", yLabel: "diffusion loss" },
  { split: "validation", value: "loss", name: "test loss", yLabel: "loss" },
  { split: "validation", value: "top1", name: "test top-1", yLabel: "top-1, %" },
] as const;

export async function curvesOf(folder: string, members: readonly Member[]): Promise<Curve[]> {
  const metrics = await readMetrics(folder);
  return members.flatMap(({ name, title, seed }) => headCurves(metrics, { prefix: `${name}/`, title, seed }));
}

/** Those of one head; `prefix` is what its values' names begin with. */
export function headCurves(
  metrics: readonly MetricRecord[],
  { prefix, title, seed }: { readonly prefix: string; readonly title: string; readonly seed: number },
): Curve[] {
  return shown.flatMap(({ split, value, name, yLabel }) => {
    const key = `${prefix}${value}`;
    const points = pointsOf(metrics, split, key);
    const curve = { name: `${title}: ${name}`, xLabel: "epoch", yLabel, head: title, seed, split };
    return points.length > 0 ? [{ ...curve, points: thinPoints(points) }] : [];
  });
}

/** A value over epochs. */
export function pointsOf(metrics: readonly MetricRecord[], split: string, key: string): CurvePoint[] {
  return metrics.flatMap((line): CurvePoint[] =>
    line.split === split && key in line.values ? [[line.epoch ?? line.step, line.values[key]!]] : [],
  );
}
