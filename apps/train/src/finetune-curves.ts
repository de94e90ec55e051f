/** The lines of each seed's metrics.jsonl as curves over epochs. */
import { type Curve, readMetrics } from "@difftap/run-folder";
import type { TunedSeed } from "./finetune-run.js";
import { headCurves } from "./head-curves.js";

/** `title` is what the results call the row. */
export async function tuningCurves(
  seeds: readonly Pick<TunedSeed, "seed" | "folder">[],
  title: string,
): Promise<Curve[]> {
  const all = seeds.map(async ({ seed, folder }) =>
    headCurves(await readMetrics(folder), { prefix: "", title, seed }),
  );
  return (await Promise.all(all)).flat();
}
