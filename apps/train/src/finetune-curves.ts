/** The lines of each seed's metrics.jsonl as curves over epochs. */
import { type Curve, type CurvePoint, readMetrics, thinPoints } from "@difftap/run-folder";
import type { TunedSeed } from "./finetune-run.js";

const shown = [
  { split: "train", value: "loss", name: "training loss", yLabel: "loss" },
  { split: "train", value: "diffusion", name: "diffusion loss", yLabel: "diffusion loss" },
  { split: "validation", value: "loss", name: "test loss", yLabel: "loss" },
  { split: "validation", value: "top1", name: "test top-1", yLabel: "top-1, %" },
] as const;

/** `title` is what the results call the row. */
export async function tuningCurves(
  seeds: readonly Pick<TunedSeed, "seed" | "folder">[],
  title: string,
): Promise<Curve[]> {
  const all = seeds.map(async ({ seed, folder }) => {
    const metrics = await readMetrics(folder);
    return shown.flatMap(({ split, value, name, yLabel }): Curve[] => {
      const points = metrics.flatMap((line): CurvePoint[] =>
        line.split === split && value in line.values ? [[line.epoch ?? line.step, line.values[value]!]] : [],
      );
      const curve = { name: `${title}: ${name}`, xLabel: "epoch", yLabel, head: title, seed, split };
      return points.length > 0 ? [{ ...curve, points: thinPoints(points) }] : [];
    });
  });
  return (await Promise.all(all)).flat();
}
