/** Which jobs of a suite a process takes: every n-th, as array jobs of clusters say it. */
import { z } from "zod";

export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** What array jobs are told; commands that a suite starts must not take it for themselves. */
export const SHARD_VARIABLES = [
  "JOB_COMPLETION_INDEX",
  "SLURM_ARRAY_TASK_ID",
  "SHARD_COUNT",
  "SLURM_ARRAY_TASK_COUNT",
] as const;

/** "0/4": the first of four shards. */
export const shardAddress = () =>
  z
    .string()
    .regex(/^\d+\/\d+$/, 'takes "index/count", such as 0/4')
    .transform((text): Shard => {
      const [index, count] = text.split("/").map(Number) as [number, number];
      return { index, count };
    })
    .refine(({ index, count }) => index < count, "the index is below the count: 0/4 to 3/4");

/** Kubernetes' Indexed Jobs and Slurm's arrays say which shard a process is. */
export function shardFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Shard | undefined {
  const index = environment.JOB_COMPLETION_INDEX ?? environment.SLURM_ARRAY_TASK_ID;
  const count = environment.SHARD_COUNT ?? environment.SLURM_ARRAY_TASK_COUNT;
  return index === undefined || count === undefined ? undefined : shardAddress().parse(`${index}/${count}`);
}

/** Every n-th, in order; all without a shard. */
export function shareOf<T>(jobs: readonly T[], shard: Shard | undefined): T[] {
  return jobs.filter((_, place) => shard === undefined || place % shard.count === shard.index);
}
