/** A suite as one table: our number beside the paper's, data set by data set. */
import type { Suite, SuiteRow } from "@difftap/run-folder";
import { type Html, html } from "./html.js";
import { asReported, counted, measured, plusMinus, range } from "./numbers.js";

/** The group row spans all of them. */
const COLUMNS = 8;

export function suiteSection(suite: Suite): Html {
  const datasets = [...new Set(suite.rows.map(({ dataset }) => dataset))];
  return html`<h3>Data sets and readings</h3>
<div class="scroll" tabindex="0" role="region" aria-label="Data sets and readings"><table class="plain results heads"><caption class="hidden">Each reading of each data set, mean and sample standard deviation over its seeds, beside what the paper reports</caption>
<thead><tr><th scope="col">reading</th><th scope="col">metric</th><th scope="col" class="number">ours</th><th scope="col" class="number">95 % interval</th><th scope="col" class="number">paper</th><th scope="col" class="number">n</th><th scope="col">seeds</th><th scope="col">protocol and folder</th></tr></thead>
${datasets.map((dataset) => datasetRows(dataset, suite.rows))}</table></div>
<p class="note">Where a reading has several seeds, ours is their mean ± sample standard deviation; the interval then reaches from the lowest to the highest end of the seeds’ own.${sourcesOf(suite.rows)}</p>
${failureList(suite)}
${missingList(suite)}`;
}

function datasetRows(dataset: string, rows: readonly SuiteRow[]): Html {
  const own = rows.filter((row) => row.dataset === dataset);
  return html`<tbody><tr class="group"><th scope="rowgroup" colspan="${COLUMNS}">${dataset}</th></tr>
${own.map(rowOf)}</tbody>`;
}

function rowOf(row: SuiteRow): Html {
  const { reading, name, metric, value, deviation, unit, interval, n, seeds, folders, protocol, split } = row;
  return html`<tr><th scope="row">${reading}${name !== undefined && html`<small>${name}</small>`}</th><td class="metric">${metric}</td><td class="number value">${plusMinus(value, deviation, unit)}</td><td class="number">${range(interval, unit)}</td><td class="number">${paperCell(row)}</td><td class="number">${counted(n)}</td><td class="seeds">${seeds.join(", ")}</td><td>${protocol}; split ${split}<br>${folders.map((folder) => html`<code>${folder}</code> `)}</td></tr>`;
}

/** With the places that the paper prints. */
function paperCell({ paper, unit }: SuiteRow): string {
  if (!paper) return "–";
  return unit === "%" ? asReported(paper.value) : measured(paper.value, unit);
}

/** Whose the paper's column is, and that it was measured otherwise. */
function sourcesOf(rows: readonly SuiteRow[]): string {
  const sources = [...new Set(rows.flatMap(({ paper }) => (paper ? [paper.source] : [])))];
  return sources.length === 0
    ? ""
    : ` The paper’s column, measured by its own protocol: ${sources.join("; ")}.`;
}

function failureList({ failures }: Suite): Html | false {
  if (failures.length === 0) return false;
  return html`<p class="note">Jobs without a number:</p><ul class="note">${failures.map(({ job, reason }) => html`<li><span class="wrong">${job}</span>: ${reason}</li>`)}</ul>`;
}

function missingList({ missing }: Suite): Html | false {
  return missing.length > 0 && html`<p class="note">Not finished: ${missing.join("; ")}.</p>`;
}
