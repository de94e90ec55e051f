/** All seeds of a dense training, one after the other. */
import { isDifftapError } from "@difftap/core";
import type { ViewBatch } from "@difftap/datasets";
import type { FailedSeed } from "../finetune-results.js";
import type { Adapter } from "./model.js";
import { type DenseJob, type TrainedSeed, trainSeed } from "./run.js";

export interface TrainedSeeds<Score> {
  /** At least one. */
  readonly seeds: readonly TrainedSeed<Score>[];
  readonly failures: readonly FailedSeed[];
}

/** @throws DifftapError as `trainSeed`; NUMERIC when every seed has diverged. */
export async function trainSeeds<A extends Adapter, Batch extends ViewBatch, Score>(
  job: DenseJob<A, Batch, Score>,
): Promise<TrainedSeeds<Score>> {
  const [seeds, failures]: [TrainedSeed<Score>[], FailedSeed[]] = [[], []];
  const wanted = job.settings.seeds;
  for (const seed of wanted) {
    try {
      seeds.push(await trainSeed(job, seed));
    } catch (error) {
      if (!isDifftapError(error, "NUMERIC") || failures.length === wanted.length - 1) throw error;
      failures.push({ seed, reason: error.message });
    }
  }
  return { seeds, failures };
}
