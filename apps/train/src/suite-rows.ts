/** Finished jobs as rows of the table: jobs that differ in nothing but their seed are one. */
import { DifftapError } from "@difftap/core";
import { overSeeds, type SuiteRow } from "@difftap/run-folder";
import type { Figure, JobFigures, SeededValue } from "./suite-figures.js";
import { folderOf } from "./suite-folder.js";
import type { Job } from "./suite-plan.js";

/** In the order of the jobs, each metric and name of a reading in the order it gives them. */
export function rowsOf(jobs: readonly JobFigures[]): SuiteRow[] {
  const groups = grouped(jobs, ({ job: { dataset, reading } }) => [dataset, reading]);
  return groups.flatMap((group) => {
    const figures = group.flatMap(({ job, figures: own }) => own.map((figure) => ({ job, ...figure })));
    const several = new Set(figures.map(({ name }) => name)).size > 1;
    return grouped(figures, ({ name = "", metric }) => [name, metric]).map((same) => rowOf(same, several));
  });
}

type JobFigure = Figure & { readonly job: Job };

/** @param several whether the reading gives more than one number of a metric, so that names tell them apart */
function rowOf(figures: readonly JobFigure[], several: boolean): SuiteRow {
  const [{ job, name, metric, unit }] = figures as [JobFigure];
  const runs = figures.flatMap((figure) => figure.runs);
  const { mean, deviation } = overSeeds(runs.map(({ value }) => value));
  const distinct = (texts: readonly string[]) => [...new Set(texts)];
  const paper = paperOf(job, { name, metric });
  return {
    dataset: job.dataset,
    reading: job.reading,
    ...(several && name !== undefined && { name }),
    metric,
    value: mean,
    unit,
    deviation,
    interval: [
      Math.min(...runs.map(({ interval }) => interval[0])),
      Math.max(...runs.map(({ interval }) => interval[1])),
    ],
    n: commonN(runs, job),
    protocol: distinct(figures.map(({ protocol }) => protocol)).join("; or "),
    split: distinct(figures.map(({ split }) => split)).join(", "),
    seeds: [...new Set(runs.flatMap(({ seeds }) => seeds))],
    ...(paper && { paper }),
    folders: distinct(figures.map((figure) => folderOf(figure.job))),
  };
}

function paperOf({ paper, dataset }: Job, { name, metric }: Pick<Figure, "name" | "metric">) {
  if (paper?.metric !== metric) return undefined;
  const figure = paper.figures[dataset];
  const value = typeof figure === "object" ? figure[name ?? ""] : figure;
  return value === undefined ? undefined : { value, source: paper.source };
}

/** @throws DifftapError DATA_REFUSED where the seeds were measured on different numbers of images. */
function commonN(runs: readonly SeededValue[], { dataset, reading }: Job): number {
  const counts = [...new Set(runs.map(({ n }) => n))];
  if (counts.length === 1) return counts[0]!;
  throw new DifftapError("DATA_REFUSED", `${dataset}, ${reading}: seeds on ${counts.join(" and ")} images`, {
    hint: "one row compares seeds on the same images: remove the folders of the others and run again",
    details: { counts },
  });
}

/** Entries of equal keys together, in the order of the first of each. */
function grouped<T>(entries: readonly T[], keyOf: (entry: T) => readonly string[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const key = JSON.stringify(keyOf(entry));
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()];
}
