/** Heads of all runs in one table for each set of images, beside what grids of the same images say. */
import type { Results, RunFolder, RunResult } from "@difftap/run-folder";
import { comparisonChart } from "./comparison-chart.js";
import { comparisonFinding, comparisonsOf, sameImages } from "./comparison-reading.js";
import { type HeadGroup, headsTable } from "./heads-table.js";
import { type Html, html } from "./html.js";
import { pagePalette } from "./palette.js";

/** Images that heads of some runs were trained and tested on. */
export interface HeadSet {
  readonly dataset: Results["dataset"];
  /** Of a run each; at least one. */
  readonly groups: HeadGroup[];
  readonly runs: RunFolder[];
  /** What grids say of the same images. */
  readonly others: readonly RunResult[];
}

export function headSets(runs: readonly RunFolder[]): HeadSet[] {
  const sets: HeadSet[] = [];
  for (const run of runs) {
    const { title, dataset, heads = [] } = run.results;
    if (heads.length === 0) continue;
    const known = sets.find((set) => sameImages(set.dataset, dataset));
    const set = known ?? { dataset, groups: [], runs: [], others: comparisonsOf(runs, dataset) };
    if (!known) sets.push(set);
    set.groups.push({ title, heads });
    set.runs.push(run);
  }
  return sets;
}

/** Whether a run's heads stand in a table of all runs that is as good as its own. */
export const isTabled = (sets: readonly HeadSet[], run: RunFolder): boolean =>
  sets.some(({ groups, runs, others }) => others.length > 0 && groups.length === 1 && runs.includes(run));

/** Nothing where a run's own table says it all. */
export function headsOfAll(sets: readonly HeadSet[]): Html[] {
  const shown = sets.filter(({ groups, others }) => others.length > 0 || groups.length > 1);
  return shown.map((set, index) => {
    const where = sets.length > 1 ? `: ${set.dataset.name}` : "";
    return set.others.length === 0 ? headsAlone(set, index, where) : headsBeside(set, index, where);
  });
}

function headsAlone({ groups }: HeadSet, index: number, where: string): Html {
  const id = `heads-${index + 1}`;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">Trained heads of all runs${where}</h2>${headsTable(groups)}</section>`;
}

function headsBeside({ groups, others }: HeadSet, index: number, where: string): Html {
  const id = `heads-${index + 1}`;
  const heads = groups.flatMap((group) => group.heads);
  return html`<section aria-labelledby="${id}"><h2 id="${id}">Trained heads and simpler readings of the same images${where}</h2>
<p>${comparisonFinding(heads, others)}</p>
<figure class="chart"><div class="scroll" tabindex="0" role="region" aria-label="Heads and simpler readings${where}">${comparisonChart(heads, others, pagePalette)}</div><figcaption>Top-1 with 95 % intervals. Filled: trained heads; hollow: what they stand beside.</figcaption></figure>
${headsTable(groups.length === 1 ? [{ heads }] : groups, others)}</section>`;
}
