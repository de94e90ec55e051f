/** The lines of each seed's metrics.jsonl as curves over epochs: the loss, its terms, and what was measured on the way. */
import { type Curve, type MetricRecord, readMetrics, thinPoints } from "@difftap/run-folder";
import { pointsOf } from "../head-curves.js";
import { spaced } from "../protocol.js";

/** How a training goes, not how well. */
const hidden: readonly string[] = ["learningRate", "gradientNorm"];

/** Figures that have a name of their own. */
const titles: Readonly<Record<string, string>> = { ap: "AP", ap50: "AP50", maskAp: "mask AP", miou: "mIoU" };

export async function denseCurves(
  seeds: readonly { readonly seed: number; readonly folder: string }[],
): Promise<Curve[]> {
  const all = seeds.map(async ({ seed, folder }) => curvesOf(await readMetrics(folder), seed));
  return (await Promise.all(all)).flat();
}

function curvesOf(metrics: readonly MetricRecord[], seed: number): Curve[] {
  return (["train", "validation"] as const).flatMap((split) => {
    const names = metrics.flatMap((line) => (line.split === split ? Object.keys(line.values) : []));
    const shown = withoutLoneTerm([...new Set(names)].filter((name) => !hidden.includes(name)));
    return shown.map((key) => ({
      name: `${split === "train" ? "training" : "test"}: ${titles[key] ?? spaced(key)}`,
      xLabel: "epoch",
      yLabel: split === "train" ? "loss" : "%",
      points: thinPoints(pointsOf(metrics, split, key)),
      seed,
      split,
    }));
  });
}

/** A loss of one term is that term. */
const withoutLoneTerm = (names: readonly string[]): readonly string[] =>
  names.includes("loss") && names.length === 2 ? ["loss"] : names;
