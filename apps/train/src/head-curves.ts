/** The lines of a run's metrics.jsonl as curves: loss and top-1 of each head over epochs. */
import { type Curve, readMetrics } from "@difftap/run-folder";

/** Points that a curve is thinned to. */
const POINTS = 200;

const shown = [
  { split: "train", value: "loss", name: "training loss", yLabel: "loss", scale: 1 },
  { split: "validation", value: "loss", name: "test loss", yLabel: "loss", scale: 1 },
  { split: "validation", value: "top1", name: "test top-1", yLabel: "top-1, %", scale: 1 },
] as const;

export async function curvesOf(folder: string): Promise<Curve[]> {
  const metrics = await readMetrics(folder);
  const curves = new Map<string, Curve>();
  for (const { split, step, epoch = step, values } of metrics) {
    for (const [key, value] of Object.entries(values)) {
      const kind = shown.find((each) => each.split === split && key.split("/").at(-1) === each.value);
      if (!kind) continue;
      const model = key.split("/").slice(0, -1).join("/");
      const name = model === "" ? kind.name : `${model}: ${kind.name}`;
      const curve = curves.get(name) ?? { name, xLabel: "epoch", yLabel: kind.yLabel, points: [] };
      curves.set(name, curve);
      curve.points.push([epoch, value * kind.scale]);
    }
  }
  return [...curves.values()].map((curve) => ({ ...curve, points: thinned(curve.points) }));
}

/** Every so many points, the last one always. */
function thinned(points: readonly [number, number][]): [number, number][] {
  const every = Math.ceil(points.length / POINTS);
  return points.filter((_, index) => index % every === every - 1 || index === points.length - 1);
}
