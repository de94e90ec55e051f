/** The heat map of the page: a real table whose cells are coloured, across on wide screens and down on narrow ones. */
import type { Baseline, Grid, Interval, Timestep } from "@difftap/run-folder";
import { cellColour, scaleGradient, shareOf } from "./colour-scale.js";
import { bestCell, type Cell, gridRange, placesOf, type Stretch, sidesOf } from "./grid-reading.js";
import { type Fragment, type Html, html } from "./html.js";
import { onePlace, range, sampleSize, seedNames, timestepName } from "./numbers.js";

/** Above this many blocks the map needs a wider window to lie across. */
const MANY_BLOCKS = 20;

/** Widest cell and row name in rem, so that a grid of few blocks does not stretch over the page. */
const WIDEST_CELL = 6;
const WIDEST_NAME = 11;

interface Shading {
  readonly grid: Grid;
  readonly ends: readonly [number, number];
  readonly best: Cell | undefined;
}

/** Both orientations and the legend; a note when nothing was measured. */
export function heatMapTable(grid: Grid): Html {
  const ends = gridRange(grid);
  if (!ends) return html`<p class="empty">No cell of this grid was measured.</p>`;
  const shading: Shading = { grid, ends, best: bestCell(grid) };
  const extent = grid.blocks.length > MANY_BLOCKS ? "many" : "few";
  return html`<figure class="heat ${extent}">
<div class="across scroll" tabindex="0" role="region" aria-label="Heat map, blocks across">${acrossTable(shading)}</div>
<div class="down">${downTable(shading)}</div>
<figcaption>${legend(shading)}</figcaption>
</figure>
${intervalTable(grid)}`;
}

function legend({ grid, ends, best }: Shading): Html {
  const scale =
    ends[0] < ends[1] &&
    html`<span class="legend"><span class="tick">${onePlace(ends[0])}</span><span class="ramp" style="background:${scaleGradient}"></span><span class="tick">${onePlace(ends[1])}</span></span>`;
  return html`${scale}<span>Top-1 in per cent. ${best && html`The ring marks the best cell. `}Protocol: ${grid.protocol}; split ${grid.split}; ${sampleSize(grid.n)}; ${seedNames(grid.seeds)}.</span>`;
}

function acrossTable(shading: Shading): Html {
  const { grid } = shading;
  const columns = grid.blocks.map((_, column) => column);
  return html`<table class="cells" style="max-width:${grid.blocks.length * WIDEST_CELL + WIDEST_NAME}rem"><caption class="hidden">Top-1 accuracy in per cent by timestep (rows) and block (columns)</caption>
<thead>${stretchRow(placesOf(grid), "", "place")}${stretchRow(sidesOf(grid), "map side", "side")}<tr><th scope="row" class="name">block</th>${grid.blocks.map((block) => html`<th scope="col">${block}</th>`)}</tr></thead>
<tbody>${grid.timesteps.map((timestep, row) => html`<tr><th scope="row" class="name">${timestepName(timestep)}</th>${columns.map((column) => gridCell(shading, row, column))}</tr>`)}</tbody>
${grid.baselines.length > 0 && html`<tbody class="baselines">${grid.baselines.map((baseline) => html`<tr><th scope="row" class="name">${baselineName(baseline)}</th>${baselineCells(shading, baseline)}</tr>`)}</tbody>`}
</table>`;
}

function stretchRow(list: readonly Stretch[], name: string, kind: string): Html | false {
  if (list.length === 0) return false;
  return html`<tr class="${kind}"><th class="name" scope="row">${name}</th>${list.map(({ label, length }) => html`<th scope="colgroup" colspan="${length}"><span>${length === 1 && label === "middle" ? "mid" : label}</span></th>`)}</tr>`;
}

function baselineCells(shading: Shading, { top1, interval }: Baseline): Fragment {
  if (!Array.isArray(top1))
    return shadedCell(shading, top1, asInterval(interval), false, shading.grid.blocks.length);
  return top1.map((value, column) => shadedCell(shading, value, asInterval(interval?.[column]), false));
}

function downTable(shading: Shading): Html {
  const { grid } = shading;
  const perBlock = grid.baselines.filter(({ top1 }) => Array.isArray(top1));
  const single = grid.baselines.filter(({ top1 }) => !Array.isArray(top1));
  const columns = 1 + grid.timesteps.length + perBlock.length;
  const places =
    placesOf(grid).length > 0 ? placesOf(grid) : [{ label: "", start: 0, length: grid.blocks.length }];
  return html`<table class="cells"><caption class="hidden">Top-1 accuracy in per cent by block (rows) and timestep (columns)</caption>
<thead><tr><th scope="col" class="name">block</th>${grid.timesteps.map((timestep) => html`<th scope="col">${breakable(timestepName(timestep))}</th>`)}${perBlock.map((baseline) => html`<th scope="col" class="baseline">${breakable(baselineName(baseline))}</th>`)}</tr></thead>
${places.map((place) => html`<tbody>${place.label !== "" && html`<tr class="place"><th scope="rowgroup" colspan="${columns}"><span>${place.label}</span></th></tr>`}${blockRows(shading, place, perBlock)}</tbody>`)}
${single.length > 0 && html`<tbody class="baselines">${single.map((baseline) => html`<tr><th scope="row" class="name">${baseline.name}</th>${shadedCell(shading, baseline.top1 as number, asInterval(baseline.interval), false, columns - 1)}</tr>`)}</tbody>`}
</table>`;
}

function blockRows(shading: Shading, { start, length }: Stretch, perBlock: readonly Baseline[]): Html[] {
  const { grid } = shading;
  return grid.blocks.slice(start, start + length).map((block, offset) => {
    const column = start + offset;
    const beside = perBlock.map(({ top1, interval }) =>
      shadedCell(shading, (top1 as number[])[column]!, asInterval(interval?.[column]), false),
    );
    return html`<tr><th scope="row" class="name">${block}${grid.blockTable && html` <small>${grid.blockTable[column]!.side} px</small>`}</th>${grid.timesteps.map((_, row) => gridCell(shading, row, column))}${beside}</tr>`;
  });
}

function gridCell(shading: Shading, row: number, column: number): Html {
  const value = shading.grid.top1[row]?.[column];
  if (value == null) return html`<td class="none"><span class="hidden">not measured</span>·</td>`;
  const best = shading.best?.row === row && shading.best.column === column;
  return shadedCell(shading, value, shading.grid.interval[row]?.[column] ?? undefined, best);
}

function shadedCell(
  { ends }: Shading,
  value: number,
  interval: Interval | undefined,
  best: boolean,
  span = 1,
): Html {
  const { fill, text } = cellColour(shareOf(value, ends));
  const title = interval ? `${onePlace(value)} % (${range(interval, "%")})` : `${onePlace(value)} %`;
  return html`<td style="background:${fill};color:${text}" title="${title}"${best && html` class="best"`}${span > 1 && html` colspan="${span}"`}>${onePlace(value)}${best && html`<span class="hidden"> (best)</span>`}</td>`;
}

/** One interval of a baseline; a list of them belongs to single columns. */
function asInterval(value: Baseline["interval"] | number | Interval): Interval | undefined {
  return Array.isArray(value) && typeof value[0] === "number" ? (value as Interval) : undefined;
}

/** The name with spaces at which a narrow column may break it. */
const breakable = (name: string) => name.replaceAll("\u00A0", " ");

const baselineName = ({ name, timestep }: { name: string; timestep?: Timestep | undefined }) =>
  timestep === undefined ? name : `${name}, ${timestepName(timestep)}`;

function intervalTable(grid: Grid): Html {
  return html`<details><summary>Every cell with its 95 % interval${grid.blockTable?.some(({ gmac }) => gmac !== undefined) && ", channels and cost"}</summary>
<div class="scroll" tabindex="0" role="region" aria-label="All cells"><table class="plain numbers"><thead><tr><th scope="col">block</th>${grid.blockTable && html`<th scope="col">place</th><th scope="col">channels</th><th scope="col">map side</th><th scope="col">GMAC</th>`}${grid.timesteps.map((timestep) => html`<th scope="col">${timestepName(timestep)}</th>`)}</tr></thead>
<tbody>${grid.blocks.map((block, column) => html`<tr><th scope="row">${block}</th>${blockFacts(grid, column)}${grid.timesteps.map((_, row) => intervalCell(grid, row, column))}</tr>`)}</tbody></table></div></details>`;
}

function blockFacts({ blockTable }: Grid, column: number): Html | false {
  const block = blockTable?.[column];
  if (!block) return false;
  return html`<td>${block.kind}</td><td>${block.channels}</td><td>${block.side}</td><td>${block.gmac === undefined ? "–" : Number(block.gmac.toPrecision(4))}</td>`;
}

function intervalCell(grid: Grid, row: number, column: number): Html {
  const [value, ends] = [grid.top1[row]?.[column], grid.interval[row]?.[column]];
  return value == null || ends == null
    ? html`<td>–</td>`
    : html`<td>${onePlace(value)} <small>${range(ends, "%")}</small></td>`;
}
