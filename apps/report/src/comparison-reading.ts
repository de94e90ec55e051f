/** What trained heads stand beside: grids and their baselines on the same images. */
import type { Results, RunFolder, RunResult, TrainedHead } from "@difftap/run-folder";
import { gridResults } from "./grid-results.js";
import { bestHead, headNumber } from "./head-reading.js";
import { measured, tapName, upperFirst } from "./numbers.js";

/** Single numbers of all grids that were measured on these images. */
export function comparisonsOf(runs: readonly RunFolder[], dataset: Dataset): RunResult[] {
  return runs.flatMap(({ results }) => {
    if (!results.grid || !sameImages(dataset, results.dataset)) return [];
    const { best, baselines } = gridResults(results.grid);
    return best ? [best, ...baselines] : baselines;
  });
}

type Dataset = Results["dataset"];

/** Digests decide where both runs have one. */
export function sameImages(a: Dataset, b: Dataset): boolean {
  const counts = a.name === b.name && a.train === b.train && a.test === b.test;
  return counts && (a.digest === undefined || b.digest === undefined || a.digest === b.digest);
}

/** "raw pixels", "random weights, block 4, t = 50, pool 2" */
export const comparisonName = ({ name, tap, protocol }: RunResult): string =>
  [name, tap && tapName(tap)].filter(Boolean).join(", ") || protocol;

/** The best head, and for each simpler reading which heads lie below it. `heads` has at least one row. */
export function comparisonFinding(heads: readonly TrainedHead[], others: readonly RunResult[]): string {
  const best = bestHead(heads)!;
  const judged = others.map((other) => ({
    other: `${comparisonName(other)} (${measured(other.value, "%")})`,
    below: heads.filter(({ mean }) => mean < other.value).map(({ name }) => name),
  }));
  const beaten = judged.filter(({ below }) => below.length === 0).map(({ other }) => other);
  const sentences = judged.flatMap(({ other, below }) =>
    below.length > 0 ? [`Below ${other}: ${below.join(", ")}.`] : [],
  );
  const all = beaten.length > 0 ? [`No head reads worse than ${beaten.join(" or ")}.`] : [];
  return [upperFirst(`${best.name} reads best: ${headNumber(best)}`), ...sentences, ...all].join(" ");
}
