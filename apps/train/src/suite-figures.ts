/** The numbers of a finished job, from the run folder it left or from what its command printed. */
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import { type Results, readRunFolder } from "@difftap/run-folder";
import { z } from "zod";
import { type Finished, folderOf } from "./suite-folder.js";
import type { Job } from "./suite-plan.js";
import { listedFigures, trainedFigures } from "./suite-run-figures.js";

/** One number as some seeds gave it. */
export interface SeededValue {
  readonly seeds: readonly number[];
  readonly value: number;
  readonly interval: readonly [number, number];
  readonly n: number;
}

export interface Figure {
  readonly name?: string | undefined;
  readonly metric: string;
  readonly unit: string;
  readonly protocol: string;
  readonly split: string;
  readonly runs: readonly SeededValue[];
}

export interface JobFigures {
  readonly job: Job;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  /** Of jobs that leave a run folder. */
  readonly results?: Results;
}

/** @throws DifftapError CONFIG_INVALID for a metric that is not among them, and as `readRunFolder`. */
export async function readFigures(
  job: Job,
  { seconds, printed }: Finished,
  out: string,
): Promise<JobFigures> {
  if (!job.leavesRun) {
    const figures = printedFigures(printed, job);
    return { job, seconds, figures: chosen(job, figures, figures) };
  }
  const { results } = await readRunFolder(join(out, folderOf(job)));
  const [trained, listed] = [trainedFigures(results), listedFigures(results)];
  const usual = trained.length > 0 ? trained : listed;
  return { job, seconds, results, figures: chosen(job, [...trained, ...listed], usual) };
}

/** Those whose metric was asked for; the usual ones where none was. */
function chosen({ title, metrics }: Job, all: readonly Figure[], usual: readonly Figure[]) {
  if (metrics === undefined) return usual;
  const there = [...new Set(all.map(({ metric }) => metric))];
  const absent = metrics.find((metric) => !there.includes(metric));
  if (absent === undefined) return all.filter(({ metric }) => metrics.includes(metric));
  throw new DifftapError("CONFIG_INVALID", `${title} gives no "${absent}"`, {
    hint: `metrics takes of ${there.join(", ") || "nothing: the run holds no numbers"}`,
    details: { metric: absent, there },
  });
}

const ends = z.tuple([z.number(), z.number()]);
const accuracySchema = z
  .object({ top1: z.number(), interval: ends, n: z.int(), k: z.int().optional() })
  .transform(({ top1, k, ...rest }) => {
    const name = k === undefined ? undefined : `k = ${k}`;
    return { ...rest, metric: "top-1", unit: "%", value: top1, name };
  });
const numberSchema = z.object({
  metric: z.string(),
  value: z.number(),
  unit: z.string().default("%"),
  interval: ends,
  n: z.int(),
  name: z.string().optional(),
});
const saidSchema = z.object({ protocol: z.string(), split: z.string() });
const listSchema = z.object({ results: z.array(z.union([numberSchema, accuracySchema])).min(1) });
const printedSchema = z.union([
  saidSchema.and(listSchema),
  saidSchema
    .and(accuracySchema)
    .transform(({ protocol, split, ...one }) => ({ protocol, split, results: [one] })),
]);

/** `{ protocol, split, top1, interval, n }`, or a list of such `results`, of top-1 by k or of any metric. */
function printedFigures(printed: unknown, { title, seed }: Job): Figure[] {
  const parsed = printedSchema.safeParse(printed);
  if (!parsed.success)
    throw new DifftapError("UNSUPPORTED", `${title}: its command prints no numbers that a table can take`, {
      hint: "take a command that leaves a run folder, or one that prints protocol, split and numbers with interval and n",
    });
  const { protocol, split, results } = parsed.data;
  return results.map(({ name, metric, unit, ...measured }) => {
    const runs = [{ ...measured, seeds: [seed!] }];
    return { name, metric, unit, protocol, split, runs };
  });
}
