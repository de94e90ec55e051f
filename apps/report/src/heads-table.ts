/** Trained heads as a table over seeds: mean and deviation, every seed with its interval, the paper's heads beneath. */
import type { RunResult, TrainedHead } from "@difftap/run-folder";
import { comparisonName } from "./comparison-reading.js";
import { imagesOf, intervalOf, seedsOf } from "./head-reading.js";
import { type Html, html } from "./html.js";
import { asReported, counted, duration, figures, measured, onePlace, plusMinus, range } from "./numbers.js";
import { PAPER_CAUTION, PAPER_HEADING, paperNumbers } from "./paper.js";
import {
  type Ends,
  failureList,
  hasManyTaps,
  scaleOf,
  seedDots,
  seedsCell,
  tapsInWords,
} from "./seed-cells.js";

/** Heads that belong together under a title; none where there is but one such group. */
export interface HeadGroup {
  readonly title?: string;
  readonly heads: readonly TrainedHead[];
}

/**
 * Without a heading; `others` are what the heads stand beside. One group's seeds follow in a table of their own; several groups have
 * theirs with their runs. `papers`: with what papers report of such heads.
 */
export function headsTable(
  groups: readonly HeadGroup[],
  others: readonly RunResult[] = [],
  { papers = true } = {},
): Html {
  const heads = groups.flatMap((group) => group.heads);
  const scale = scaleOf([...heads.map(intervalOf), ...others.map(({ interval }) => interval)]);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Trained heads"><table class="plain results heads"><caption class="hidden">Top-1 accuracy of each head, mean and sample standard deviation over its seeds</caption>
<thead><tr><th scope="col">head</th><th scope="col" class="number">top-1</th><th scope="col" class="number">95 % interval</th><th scope="col" class="dots">${figures(scale[0])} to ${figures(scale[1])} %</th><th scope="col" class="number">n</th><th scope="col">seeds</th><th scope="col" class="number">parameters</th><th scope="col" class="number">training</th><th scope="col">protocol</th></tr></thead>
${groups.map(({ title, heads: rows }) => html`<tbody>${title !== undefined && html`<tr class="group"><th scope="rowgroup" colspan="9">${title}</th></tr>`}${rows.map((head) => headRow(head, scale))}</tbody>`)}
${otherRows(others, scale)}
${papers && paperRows(heads)}</table></div>
<p class="note">Top-1 is the mean over the seeds ± their sample standard deviation. The interval reaches from the lowest to the highest end of the seeds’ own intervals; training is the mean time of one seed. In the drawing: a dot for each seed, a line for the interval.</p>
${failureList(heads)}
${groups.length === 1 && seedsTable(heads)}`;
}

function headRow(head: TrainedHead, scale: Ends): Html {
  const seconds = head.runs.reduce((total, run) => total + run.seconds, 0) / head.runs.length;
  return html`<tr><th scope="row">${head.name}<small>${head.settings}; ${tapsInWords(head)}</small></th><td class="number value">${plusMinus(head.mean, head.deviation, "%")}</td><td class="number">${range(intervalOf(head), "%")}</td><td class="dots">${headDots(head, scale)}</td><td class="number">${counted(imagesOf(head))}</td><td class="seeds">${seedsCell(seedsOf(head), head.failures)}</td><td class="number">${counted(head.parameters)}</td><td class="number">${duration(seconds)}</td><td>${head.protocol}; split ${head.split}</td></tr>`;
}

function headDots(head: TrainedHead, scale: Ends): Html {
  return seedDots(
    { mean: head.mean, ends: intervalOf(head), values: head.runs.map(({ top1 }) => top1.value) },
    scale,
  );
}

/** Solved probes and simpler things on the same images. */
function otherRows(others: readonly RunResult[], scale: Ends): Html | false {
  return (
    others.length > 0 &&
    html`<tbody><tr class="group"><th scope="rowgroup" colspan="9">On the same images</th></tr>
${others.map((other) => otherRow(other, scale))}</tbody>`
  );
}

function otherRow(other: RunResult, scale: Ends): Html {
  const { value, unit, interval, n, seeds, protocol, split } = other;
  const drawn = seedDots({ mean: value, ends: interval, values: [value] }, scale);
  return html`<tr><th scope="row">${comparisonName(other)}</th><td class="number value">${measured(value, unit)}</td><td class="number">${range(interval, unit)}</td><td class="dots">${drawn}</td><td class="number">${counted(n)}</td><td class="seeds">${seeds.join(", ")}</td><td class="number">–</td><td class="number">–</td><td>${protocol}; split ${split}</td></tr>`;
}

/** The paper's numbers of the same kinds of head. */
function paperRows(heads: readonly TrainedHead[]): Html | false {
  const kinds = new Set<string | undefined>(heads.map(({ head }) => head));
  const rows = paperNumbers.filter(({ head }) => head !== undefined && kinds.has(head));
  if (rows.length === 0) return false;
  return html`<tbody class="reference"><tr class="group"><th scope="rowgroup" colspan="9">${PAPER_HEADING} <span>${PAPER_CAUTION}</span></th></tr>
${rows.map(({ name, top1, source }) => html`<tr><td>${name}</td><td class="number value">${asReported(top1)}</td><td class="number">–</td><td></td><td class="number">–</td><td>–</td><td class="number">–</td><td class="number">–</td><td>ImageNet, frozen features; ${source}</td></tr>`)}</tbody>`;
}

function seedsTable(heads: readonly TrainedHead[]): Html {
  return html`<details><summary>Every seed with its 95 % interval</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Every seed"><table class="plain"><thead><tr><th scope="col">head</th><th scope="col" class="number">seed</th><th scope="col" class="number">top-1, %</th><th scope="col" class="number">95 % interval</th><th scope="col" class="number">n</th><th scope="col" class="number">epochs</th><th scope="col" class="number">time</th></tr></thead>
<tbody>${heads.flatMap(({ name, runs }) => runs.map(({ seed, top1, epochs, seconds }) => html`<tr><th scope="row">${name}</th><td class="number">${seed}</td><td class="number">${onePlace(top1.value)}</td><td class="number">${range(top1.interval, "%")}</td><td class="number">${counted(top1.n)}</td><td class="number">${figures(epochs)}</td><td class="number">${duration(seconds)}</td></tr>`))}</tbody></table></div>
${heads.filter(hasManyTaps).map(({ name, taps }) => html`<p>${name} reads ${taps.join(", ")}.</p>`)}</details>`;
}
