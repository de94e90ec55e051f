/** All numbers of all runs with their protocols, and the papers' beneath, plainly apart. */
import type { RunFolder, RunResult, TrainedHead } from "@difftap/run-folder";
import { gridResults } from "./grid-results.js";
import { imagesOf, intervalOf, seedsOf } from "./head-reading.js";
import { type Html, html } from "./html.js";
import { type ModelReading, seedsOfModel } from "./model-reading.js";
import { tasksOf } from "./model-tasks.js";
import { asReported, counted, measured, plusMinus, range, tapName } from "./numbers.js";
import { otherResults } from "./own-numbers.js";
import { PAPER_CAUTION, PAPER_HEADING, paperNumbers, paperShapes } from "./paper.js";
import { nameOf } from "./suite-finding.js";

/** A row of the table: a number, or the mean of several seeds' with their deviation. */
interface Row extends RunResult {
  readonly deviation?: number | null;
}

export function resultsTable(runs: readonly RunFolder[]): Html {
  const papers = !runs.every(findsThings) || runs.length === 0;
  return html`<section aria-labelledby="numbers"><h2 id="numbers">All numbers</h2>
<div class="scroll" tabindex="0" role="region" aria-label="All numbers"><table class="plain results all">
<thead><tr><th scope="col">what</th><th scope="col">metric</th><th scope="col" class="number">value</th><th scope="col" class="number">95 % interval</th><th scope="col" class="number">n</th><th scope="col">protocol</th><th scope="col">split</th><th scope="col">seeds</th></tr></thead>
${runs.map(runRows)}
${referenceRows(runs)}
${papers && paperRows()}
</table></div>
${papers && shapes()}</section>`;
}

/** Nothing of such a run is a top-1, which is all that the papers' numbers are. */
const findsThings = ({ results }: RunFolder) =>
  tasksOf(results).length > 0 && !results.grid && !results.heads && !results.suite;

function runRows({ results }: RunFolder): Html {
  const { heads = [], suite } = results;
  const suiteRows = (suite?.rows ?? []).map((row) => ({ ...row, name: `${row.dataset}, ${nameOf(row)}` }));
  const models = tasksOf(results).flatMap((task) => task.models.flatMap(modelRows));
  const ours: Row[] = [...heads.map(headRow), ...models, ...suiteRows, ...otherResults(results)];
  const rows = [...ours, ...gridRows(results)];
  return html`<tbody><tr class="group"><th scope="rowgroup" colspan="8">${results.title} <span>${results.model.name}, ${results.dataset.name}</span></th></tr>
${rows.length === 0 ? html`<tr><td colspan="8">no numbers</td></tr>` : rows.map(measuredRow)}</tbody>`;
}

function headRow(head: TrainedHead): Row {
  const { name, mean, deviation, protocol, split } = head;
  const measuredOn = { interval: intervalOf(head), n: imagesOf(head), seeds: seedsOf(head) };
  return { name, metric: "top-1", value: mean, deviation, unit: "%", protocol, split, ...measuredOn };
}

function modelRows(model: ModelReading): Row[] {
  const { name, protocol, split, n, figures } = model;
  return figures.map(({ metric, mean: value, deviation, interval }) => {
    return {
      name,
      metric,
      value,
      deviation,
      unit: "%",
      interval,
      n,
      protocol,
      split,
      seeds: seedsOfModel(model),
    };
  });
}

/** The best cell, unless the run lists it itself, and the baselines that it does not list. */
function gridRows({ grid, results }: RunFolder["results"]): RunResult[] {
  if (!grid) return [];
  const { best, baselines } = gridResults(grid);
  const listed = results.some(({ tap }) => tap && best?.tap && samePlace(tap, best.tap));
  const others = baselines.filter(({ name }) => !results.some((result) => result.name === name));
  return best && !listed ? [best, ...others] : others;
}

type Place = NonNullable<RunResult["tap"]>;
const samePlace = (a: Place, b: Place) => a.block === b.block && a.timestep === b.timestep;

function measuredRow(result: Row): Html {
  const what = [result.name, result.tap && tapName(result.tap)].filter(Boolean).join(", ");
  return html`<tr><td>${what || "–"}</td><td class="metric">${metricOf(result)}</td><td class="number value">${plusMinus(result.value, result.deviation ?? null, shownUnit(result))}</td><td class="number">${range(result.interval, result.unit)}</td><td class="number">${counted(result.n)}</td><td class="protocol">${result.protocol}</td><td>${result.split}</td><td class="seeds">${result.seeds.join(", ")}</td></tr>`;
}

/** Units of some length stand with the metric, so that numbers stand one under the other. */
const shownUnit = ({ unit }: RunResult) => (unit === "%" ? unit : "");
const metricOf = ({ metric, unit }: RunResult) =>
  unit === "%" || unit === "" ? metric : `${metric}, ${unit}`;

function referenceRows(runs: readonly RunFolder[]): Html | false {
  const rows = runs.flatMap(({ results }) => results.reference ?? []);
  if (rows.length === 0) return false;
  return html`<tbody class="reference"><tr class="group"><th scope="rowgroup" colspan="8">Reported elsewhere</th></tr>
${rows.map((row) => html`<tr><td>${row.name}</td><td>${row.metric}</td><td class="number value">${measured(row.value, row.unit)}</td><td class="number">–</td><td class="number">–</td><td class="protocol">${row.protocol}</td><td colspan="2">${row.source}</td></tr>`)}</tbody>`;
}

function paperRows(): Html {
  return html`<tbody class="reference"><tr class="group"><th scope="rowgroup" colspan="8">${PAPER_HEADING} <span>${PAPER_CAUTION}</span></th></tr>
${paperNumbers.map(({ name, top1, source }) => html`<tr><td>${name}</td><td>top-1</td><td class="number value">${asReported(top1)}</td><td class="number">–</td><td class="number">–</td><td colspan="3" class="protocol">ImageNet, frozen features; ${source}</td></tr>`)}</tbody>`;
}

function shapes(): Html {
  return html`<details><summary>The shapes arXiv 2311.17921 found on ImageNet (linear probe, top-1 in %)</summary>
${paperShapes.map(({ name, values }) => html`<table class="plain numbers shapes"><caption>${name}</caption><thead><tr>${values.map(([at]) => html`<th scope="col">${at}</th>`)}</tr></thead><tbody><tr>${values.map(([, value]) => html`<td>${value}</td>`)}</tr></tbody></table>`)}</details>`;
}
