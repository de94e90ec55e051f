/** A number over block × timestep as a table whose cells are coloured, the good end light. */
import type { Surface } from "@difftap/run-folder";
import { cellTitle, saidOf, shortNumber, shortRange } from "./analysis-numbers.js";
import { bestOfSurface, endsOf, measuredCells, type SurfaceCell } from "./analysis-reading.js";
import { cellColour, scaleGradient, shareOf } from "./colour-scale.js";
import { type Html, html } from "./html.js";
import { timestepName, upperFirst } from "./numbers.js";

/** Widest cell and row name in rem, so that few blocks do not stretch over the page. */
const WIDEST_CELL = 6;
const WIDEST_NAME = 7;

/** `title` is the metric unless given. `note` stands before the protocol. */
export function surfaceTable(surface: Surface, { title = surface.metric, note = "" } = {}): Html {
  const cells = measuredCells(surface);
  const ends = endsOf(cells.map(({ value }) => value));
  if (!ends) return html`<p class="empty">${upperFirst(title)}: no cell was measured.</p>`;
  const { blocks, timesteps, unit, better } = surface;
  const best = bestOfSurface(surface);
  const name = `${upperFirst(title)}${unit === "%" ? ", %" : ""}`;
  const at = (row: number, column: number) =>
    cells.find((cell) => cell.row === row && cell.column === column);
  return html`<figure class="heat surface"><div class="scroll" tabindex="0" role="region" aria-label="${name}"><table class="cells" style="max-width:${blocks.length * WIDEST_CELL + WIDEST_NAME}rem"><caption>${name}</caption>
<thead><tr><th scope="row" class="name">block</th>${blocks.map((block) => html`<th scope="col">${block}</th>`)}</tr></thead>
<tbody>${timesteps.map((timestep, row) => html`<tr><th scope="row" class="name">${timestepName(timestep)}</th>${blocks.map((_, column) => colouredCell(at(row, column), surface, ends, best))}</tr>`)}</tbody></table></div>
<figcaption>${legend(ends, surface)}${note}${better !== null && `The ring marks the best cell, where a ${better} number is good. `}${saidOf(surface)}</figcaption></figure>
${everyCell(surface, name)}`;
}

/** The colours from the first to the last number they stand for. */
export function legend(
  ends: readonly [number, number],
  { unit, better }: Pick<Surface, "unit" | "better">,
): Html | false {
  if (ends[0] === ends[1]) return false;
  const [dark, light] = better === "low" ? [ends[1], ends[0]] : ends;
  return html`<span class="legend"><span class="tick">${shortNumber(dark, unit)}</span><span class="ramp" style="background:${scaleGradient}"></span><span class="tick">${shortNumber(light, unit)}</span></span>`;
}

/** Where a value lies on the scale of colours: the good end is light. */
export function shadeOf(value: number, ends: readonly [number, number], better: Surface["better"]) {
  const share = shareOf(value, ends);
  return cellColour(better === "low" ? 1 - share : share);
}

function colouredCell(
  cell: SurfaceCell | undefined,
  { unit, better }: Surface,
  ends: readonly [number, number],
  best: SurfaceCell | undefined,
): Html {
  if (!cell) return html`<td class="none"><span class="hidden">not measured</span>·</td>`;
  const { fill, text } = shadeOf(cell.value, ends, better);
  const ringed = best !== undefined && best.row === cell.row && best.column === cell.column;
  const title = `${cellTitle(cell)}: ${shortNumber(cell.value, unit)} (${shortRange(cell.interval, unit)})`;
  return html`<td style="background:${fill};color:${text}" title="${title}"${ringed && html` class="best"`}>${shortNumber(cell.value, unit)}${ringed && html`<span class="hidden"> (best)</span>`}</td>`;
}

function everyCell(surface: Surface, name: string): Html {
  const { blocks, timesteps, values, intervals, unit } = surface;
  const cell = (row: number, column: number) => {
    const [value, ends] = [values[row]?.[column], intervals[row]?.[column]];
    return value == null || ends == null
      ? html`<td>–</td>`
      : html`<td>${shortNumber(value, unit)} <small>${shortRange(ends, unit)}</small></td>`;
  };
  return html`<details><summary>Every cell with its 95 % interval</summary><div class="scroll" tabindex="0" role="region" aria-label="${name}, every cell"><table class="plain numbers"><thead><tr><th scope="col">block</th>${timesteps.map((timestep) => html`<th scope="col">${timestepName(timestep)}</th>`)}</tr></thead>
<tbody>${blocks.map((block, column) => html`<tr><th scope="row">${block}</th>${timesteps.map((_, row) => cell(row, column))}</tr>`)}</tbody></table></div></details>`;
}
