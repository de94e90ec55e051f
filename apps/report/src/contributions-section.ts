/** What each block and timestep contributes: bars with numbers, and a heat map where there are several of both. */
import type { Contribution, Timestep } from "@difftap/run-folder";
import { mapName } from "./attention-reading.js";
import { axisTicks } from "./axis-ticks.js";
import { cellColour, scaleGradient, shareOf } from "./colour-scale.js";
import {
  type ContributionGrid,
  type Contributions,
  contributionGrid,
  contributionsNote,
  contributionsTitle,
  largestEnd,
} from "./contribution-reading.js";
import { type Html, html } from "./html.js";
import { figures, onePlace, sharePercent, sharePlusMinus, timestepName } from "./numbers.js";

/** Above this many blocks the map needs a wider window to lie across. */
const MANY_BLOCKS = 20;
/** Widest cell and row name in rem. */
const WIDEST_CELL = 6;
const WIDEST_NAME = 7;

export function contributionsSection(all: readonly Contributions[]): Html {
  return html`<h3>What each block and timestep contributes</h3>${all.map(contributions)}`;
}

function contributions(entry: Contributions): Html {
  const grid = contributionGrid(entry.taps);
  const bars = barTable(entry);
  return html`<h4>${contributionsTitle(entry)}</h4>
${grid ? html`${heatMap(grid, entry)}<details><summary>Every tap with its number</summary>${bars}</details>` : html`${bars}<p class="note">${contributionsNote(entry)}</p>`}`;
}

function barTable({ head, taps }: Contributions): Html {
  const top = axisTicks(0, 100 * largestEnd(taps)).at(-1)!;
  const scale = `0 to ${figures(top)} %`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Taps of ${head}"><table class="plain classes"><thead><tr><th scope="col">tap</th><th scope="col" class="number">per cent</th><th scope="col" class="bar">${scale}</th></tr></thead>
<tbody>${taps.map((tap) => html`<tr><th scope="row">${mapName(tap)} <small>${tap.tap}</small></th><td class="number">${sharePlusMinus(tap.weight, tap.deviation)}</td><td class="bar">${bar(tap, top)}</td></tr>`)}</tbody></table></div>`;
}

/** The weight as a bar, the deviation as a whisker. The numbers stand beside it. */
function bar({ weight, deviation }: Contribution, top: number): Html {
  const x = (value: number) => Number(Math.max(0, (100 * 100 * value) / top).toFixed(2));
  const [low, high] = [x(weight - (deviation ?? 0)), x(weight + (deviation ?? 0))];
  return html`<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect y="1" width="100" height="8" fill="var(--panel)"/><rect y="1" width="${x(weight)}" height="8" fill="var(--accent)" opacity="0.55"/>${deviation !== null && html`<path d="M${low} 5H${high}M${low} 2v6M${high} 2v6" stroke="var(--ink)" fill="none" vector-effect="non-scaling-stroke"/>`}</svg>`;
}

/** A table of colours across on wide screens, down on narrow ones. */
function heatMap(grid: ContributionGrid, entry: Contributions): Html {
  const ends = [0, Math.max(...entry.taps.map(({ weight }) => weight))] as const;
  const cell = (block: number, timestep: Timestep) => shadedCell(grid.at(block, timestep), ends);
  const [blocks, timesteps] = [grid.blocks, grid.timesteps];
  return html`<figure class="heat contributions ${blocks.length > MANY_BLOCKS ? "many" : "few"}">
<div class="across scroll" tabindex="0" role="region" aria-label="Taps of ${entry.head}, blocks across">${cellTable("block", blocks.map(String), timesteps.map(timestepName), (row, column) => cell(blocks[column]!, timesteps[row]!))}</div>
<div class="down">${cellTable("block", timesteps.map(timestepName), blocks.map(String), (row, column) => cell(blocks[row]!, timesteps[column]!))}</div>
<figcaption><span class="legend"><span class="tick">0</span><span class="ramp" style="background:${scaleGradient}"></span><span class="tick">${sharePercent(ends[1])}</span></span>${contributionsNote(entry)}</figcaption></figure>`;
}

function cellTable(
  corner: string,
  columns: readonly string[],
  rows: readonly string[],
  cell: (row: number, column: number) => Html,
): Html {
  return html`<table class="cells" style="max-width:${columns.length * WIDEST_CELL + WIDEST_NAME}rem"><thead><tr><th scope="col" class="name">${corner}</th>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map((name, row) => html`<tr><th scope="row" class="name">${name}</th>${columns.map((_, column) => cell(row, column))}</tr>`)}</tbody></table>`;
}

function shadedCell(tap: Contribution | undefined, ends: readonly [number, number]): Html {
  if (!tap) return html`<td class="none"><span class="hidden">not a tap</span>·</td>`;
  const { fill, text } = cellColour(shareOf(tap.weight, ends));
  return html`<td style="background:${fill};color:${text}" title="${`${tap.tap}: ${sharePlusMinus(tap.weight, tap.deviation)}`}">${onePlace(100 * tap.weight)}</td>`;
}
