/** What is read how: each reading on each of its data sets, then the jobs that are listed one by one. */
import { DifftapError, nearest } from "@difftap/core";
import type { ExplicitJob, Reading, SuiteSettings } from "./suite-settings.js";

export interface Cell {
  readonly dataset: string;
  readonly reading: string;
  readonly how: Omit<Reading, "datasets"> | Omit<ExplicitJob, "dataset" | "reading">;
}

/** In the order of the file: data sets, on each its readings; then the listed jobs. */
export function cellsOf({ datasets, readings, jobs = [] }: SuiteSettings): Cell[] {
  const names = Object.keys(datasets);
  for (const [reading, { datasets: own = [], paper }] of Object.entries(readings)) {
    for (const name of own) checkKnown(name, names, `readings.${reading}.datasets`);
    for (const name of Object.keys(paper?.figures ?? {}))
      checkKnown(name, own.length > 0 ? own : names, `readings.${reading}.paper.figures`);
  }
  const product = names.flatMap((dataset) =>
    Object.entries(readings).flatMap(([reading, { datasets: own = names, ...how }]) =>
      own.includes(dataset) ? [{ dataset, reading, how }] : [],
    ),
  );
  return [...product, ...jobs.map(({ dataset, reading, ...how }) => ({ dataset, reading, how }))];
}

/** Those of the data sets and readings that are named; where only one kind is named, all of the other. */
export function chosenCells(cells: readonly Cell[], only: readonly string[] | undefined): readonly Cell[] {
  if (only === undefined) return cells;
  const datasets = new Set(cells.map(({ dataset }) => dataset));
  const readings = new Set(cells.map(({ reading }) => reading));
  for (const name of only) checkKnown(name, [...datasets, ...readings], "--only");
  const named = (all: ReadonlySet<string>) => only.filter((name) => all.has(name));
  const admits = (all: ReadonlySet<string>, name: string) =>
    named(all).length === 0 || named(all).includes(name);
  return cells.filter(({ dataset, reading }) => admits(datasets, dataset) && admits(readings, reading));
}

function checkKnown(name: string, known: readonly string[], where: string): void {
  if (known.includes(name)) return;
  throw new DifftapError("CONFIG_INVALID", `${where}: the suite has no "${name}"`, {
    hint: `did you mean "${nearest(name, known)}"? Known: ${known.join(", ")}`,
    details: { name },
  });
}
