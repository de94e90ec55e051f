/** Which jobs of a suite a process takes: every n-th, as array jobs of clusters say it. */
import type { Shard } from "@difftap/feature-store";

/** What array jobs are told; commands that a suite starts must not take it for themselves. */
export const SHARD_VARIABLES = [
  "JOB_COMPLETION_INDEX",
  "SLURM_ARRAY_TASK_ID",
  "SHARD_COUNT",
  "SLURM_ARRAY_TASK_COUNT",
] as const;

/** Every n-th, in order; all without a shard. */
export function shareOf<T>(jobs: readonly T[], shard: Shard | undefined): T[] {
  return jobs.filter((_, place) => shard === undefined || place % shard.count === shard.index);
}
