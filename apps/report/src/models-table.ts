/** Trained detectors or segmenters as a table over seeds: every figure with its interval, every seed beneath. */
import { type Html, html } from "./html.js";
import { figureOf, type ModelReading, type SeedFigure, seedsOfModel } from "./model-reading.js";
import { counted, duration, figures as fourFigures, onePlace, plusMinus, range } from "./numbers.js";
import {
  type Ends,
  failureList,
  hasManyTaps,
  scaleOf,
  seedDots,
  seedsCell,
  tapsInWords,
} from "./seed-cells.js";

/** Models that belong together under a title; none where there is but one such group. */
export interface ModelGroup {
  readonly title?: string;
  readonly models: readonly ModelReading[];
}

/** Columns beside those of the metrics. */
const OTHER_COLUMNS = 3;

/** Without a heading. One group's seeds follow in a table of their own; several groups have theirs with their runs. */
export function modelsTable(groups: readonly ModelGroup[]): Html {
  const models = groups.flatMap((group) => group.models);
  const metrics = [...new Set(models.flatMap(({ figures }) => figures.map(({ metric }) => metric)))];
  const [main] = metrics;
  const drawn = main === undefined ? [] : models.flatMap((model) => figureOf(model, main) ?? []);
  const scale = drawn.length > 0 && scaleOf(drawn.map(({ interval }) => interval));
  const columns = metrics.length + OTHER_COLUMNS + (scale ? 1 : 0);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Models"><table class="plain results models summary"><caption class="hidden">Each model, mean and sample standard deviation over its seeds</caption>
<thead><tr><th scope="col">model</th>${metrics.map((metric) => html`<th scope="col" class="number">${metric}</th>${metric === main && scale && html`<th scope="col" class="dots">${main}, ${fourFigures(scale[0])} to ${fourFigures(scale[1])} %</th>`}`)}<th scope="col" class="number">n</th><th scope="col">seeds</th></tr></thead>
${groups.map(({ title, models: rows }) => html`<tbody>${title !== undefined && html`<tr class="group"><th scope="rowgroup" colspan="${columns}">${title}</th></tr>`}${rows.map((model) => modelRow(model, metrics, scale))}</tbody>`)}</table></div>
<p class="note">Each number is the mean over the seeds ± their sample standard deviation; beneath it the 95 % interval, from the lowest to the highest end of the seeds’ own. A seed’s time is the mean over the seeds.${scale && " In the drawing: a dot for each seed, a line for the interval."}</p>
${failureList(models)}
${groups.length === 1 && seedsTable(models, metrics)}`;
}

/** The numbers, and beneath them what they are numbers of. */
function modelRow(model: ModelReading, metrics: readonly string[], scale: Ends | false): Html {
  const { name, failures, n } = model;
  const cells = metrics.map((metric, index) => {
    const figure = figureOf(model, metric);
    return html`${figureCell(figure)}${index === 0 && scale && html`<td class="dots">${figure && drawnSeeds(figure, scale)}</td>`}`;
  });
  const columns = metrics.length + OTHER_COLUMNS - 1 + (scale ? 1 : 0);
  return html`<tr><th scope="row" rowspan="2">${name}</th>${cells}<td class="number">${counted(n)}</td><td class="seeds">${seedsCell(seedsOfModel(model), failures)}</td></tr>
<tr class="said"><td colspan="${columns}">${inWords(model)}</td></tr>`;
}

/** "fcos, fpn; width 128; reads t10/b08; 1,234,567 parameters, 25 min a seed; AdamW, 40 epochs; split test" */
function inWords(model: ModelReading): string {
  const { made, runs, parameters, protocol, split } = model;
  const seconds = runs.reduce((total, run) => total + run.seconds, 0) / runs.length;
  const cost = `${counted(parameters)} parameters, ${duration(seconds)} a seed`;
  return [made, `reads ${tapsInWords(model)}`, cost, protocol, `split ${split}`].join("; ");
}

function figureCell(figure: SeedFigure | undefined): Html {
  if (!figure) return html`<td class="number">–</td>`;
  const { mean, deviation, interval } = figure;
  return html`<td class="number value">${plusMinus(mean, deviation, "%")}<small>${range(interval, "%")}</small></td>`;
}

function drawnSeeds({ mean, interval, values }: SeedFigure, scale: Ends): Html {
  return seedDots({ mean, ends: interval, values: values.map(({ value }) => value) }, scale);
}

function seedsTable(models: readonly ModelReading[], metrics: readonly string[]): Html {
  return html`<details><summary>Every seed with its 95 % intervals</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Every seed"><table class="plain models"><thead><tr><th scope="col">model</th><th scope="col" class="number">seed</th>${metrics.map((metric) => html`<th scope="col" class="number">${metric}, %</th>`)}<th scope="col" class="number">n</th><th scope="col" class="number">epochs</th><th scope="col" class="number">time</th></tr></thead>
<tbody>${models.flatMap((model) => model.runs.map((_, index) => seedRow(model, index, metrics)))}</tbody></table></div>
${models.filter(hasManyTaps).map(({ name, taps }) => html`<p>${name} reads ${taps.join(", ")}.</p>`)}</details>`;
}

function seedRow(model: ModelReading, index: number, metrics: readonly string[]): Html {
  const { seed, epochs, seconds } = model.runs[index]!;
  const cells = metrics.map((metric) => {
    const value = figureOf(model, metric)?.values[index];
    return html`<td class="number">${value ? html`${onePlace(value.value)}<small>${range(value.interval, "%")}</small>` : "–"}</td>`;
  });
  return html`<tr><th scope="row">${model.name}</th><td class="number">${seed}</td>${cells}<td class="number">${counted(model.n)}</td><td class="number">${fourFigures(epochs)}</td><td class="number">${duration(seconds)}</td></tr>`;
}
