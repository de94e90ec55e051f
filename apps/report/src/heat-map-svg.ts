/**
 * The heat map as a figure that stands alone, with its own background: for a README, a paper, a slide.
 *
 * ```ts
 * import { heatMapSvg } from "@difftap/report";
 *
 * const svg = heatMapSvg(results.grid, { theme: "light", title: "CIFAR-10" });
 * ```
 */
import type { Baseline, Grid } from "@difftap/run-folder";
import { cellColour, scaleStops, shareOf } from "./colour-scale.js";
import { bestCell, gridRange, placesOf, type Stretch, sidesOf } from "./grid-reading.js";
import { type Html, html } from "./html.js";
import { onePlace, sampleSize, seedNames, timestepName } from "./numbers.js";
import { type Palette, palettes, SANS, type Theme } from "./palette.js";

export interface HeatMapOptions {
  readonly theme?: Theme;
  readonly title?: string;
}

interface Layout {
  readonly grid: Grid;
  readonly palette: Palette;
  readonly ends: readonly [number, number];
  readonly width: number;
  /** Where the cells begin; names stand before it. */
  readonly left: number;
  readonly cell: { readonly width: number; readonly height: number };
}

const RIGHT = 24;
const TOP = 88;
const SMALLEST_LEFT = 96;
/** Width of a letter at 14 px, generously. */
const LETTER = 7.8;

/** SVG text of the grid: cells with their numbers, baselines beneath, encoder, middle and decoder below the block axis. */
export function heatMapSvg(grid: Grid, options: HeatMapOptions = {}): string {
  const cell = { width: grid.blocks.length > 20 ? 42 : 56, height: 40 };
  const left = Math.max(SMALLEST_LEFT, Math.ceil(32 + LETTER * longest(rowNames(grid))));
  const title = options.title ?? "Top-1 accuracy by block and timestep";
  const footer = `${grid.protocol}; split ${grid.split}; ${sampleSize(grid.n)}; ${seedNames(grid.seeds)}`;
  const width = Math.ceil(
    Math.max(
      left + grid.blocks.length * cell.width + RIGHT,
      40 + title.length * 9.6,
      40 + footer.length * 6.6,
    ),
  );
  const layout: Layout = {
    grid,
    palette: palettes[options.theme ?? "light"],
    ends: gridRange(grid) ?? [0, 100],
    width,
    left,
    cell,
  };
  const axis =
    TOP +
    (grid.timesteps.length + grid.baselines.length) * cell.height +
    (grid.baselines.length > 0 ? 14 : 0);
  const height = axis + (grid.blockTable ? 100 : 56);
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description" font-family="${SANS}" font-size="14" fill="${layout.palette.ink}">
<title id="title">${title}</title><desc id="description">${describe(grid)}</desc>
<rect width="${width}" height="${height}" rx="6" fill="${layout.palette.paper}"/>
<text x="20" y="30" font-size="17" font-weight="600">${title}</text>${scaleLegend(layout)}
${grid.timesteps.map((timestep, row) => rowOf(layout, timestepName(timestep), grid.top1[row] ?? [], TOP + row * cell.height))}
${grid.baselines.map((baseline, index) => baselineRow(layout, baseline, TOP + 14 + (grid.timesteps.length + index) * cell.height))}
${bestMark(layout)}
${blockAxis(layout, axis)}
<text x="20" y="${height - 14}" font-size="12" fill="${layout.palette.muted}">${footer}</text>
</svg>
`.markup;
}

function describe(grid: Grid): string {
  const rows = grid.timesteps.map(
    (timestep, row) => `${timestepName(timestep)}: ${numbers(grid.top1[row] ?? [])}`,
  );
  const baselines = grid.baselines.map(({ name, top1 }) => `${name}: ${numbers([top1].flat())}`);
  return `Top-1 in per cent for blocks ${grid.blocks.join(", ")}. ${[...rows, ...baselines].join(". ")}.`;
}

const numbers = (values: readonly (number | null)[]) =>
  values.map((value) => (value === null ? "not measured" : onePlace(value))).join(", ");

function scaleLegend({ ends, palette, left }: Layout): Html | false {
  if (ends[0] === ends[1]) return false;
  return html`<defs><linearGradient id="scale">${scaleStops.map((colour, index) => html`<stop offset="${index / (scaleStops.length - 1)}" stop-color="${colour}"/>`)}</linearGradient></defs>
<g font-size="12" fill="${palette.muted}"><text x="${left - 12}" y="61" text-anchor="end">top-1, %</text><text x="${left}" y="61">${onePlace(ends[0])}</text><rect x="${left + 34}" y="50" width="150" height="13" rx="2" fill="url(#scale)"/><text x="${left + 192}" y="61">${onePlace(ends[1])}</text></g>`;
}

/** Names of all rows, timesteps first. */
function rowNames(grid: Grid): string[] {
  return [...grid.timesteps.map(timestepName), ...grid.baselines.map(baselineName)];
}

function baselineName({ name, timestep }: Baseline): string {
  return timestep === undefined ? name : `${name}, ${timestepName(timestep)}`;
}

const longest = (names: readonly string[]): number => Math.max(0, ...names.map(({ length }) => length));

function rowOf(layout: Layout, name: string, values: readonly (number | null)[], y: number): Html {
  return html`<g><text x="${layout.left - 12}" y="${y + layout.cell.height / 2 + 5}" text-anchor="end">${name}</text>${values.map((value, column) => drawCell(layout, value, layout.left + column * layout.cell.width, y, layout.cell.width))}</g>`;
}

function baselineRow(layout: Layout, baseline: Baseline, y: number): Html {
  const { top1 } = baseline;
  const label = baselineName(baseline);
  if (Array.isArray(top1)) return rowOf(layout, label, top1, y);
  return html`<g><text x="${layout.left - 12}" y="${y + layout.cell.height / 2 + 5}" text-anchor="end">${label}</text>${drawCell(layout, top1, layout.left, y, layout.cell.width * layout.grid.blocks.length)}</g>`;
}

function drawCell(
  { ends, cell, palette }: Layout,
  value: number | null,
  x: number,
  y: number,
  width: number,
): Html {
  const [middle, baseline] = [x + width / 2, y + cell.height / 2 + 5];
  if (value === null)
    return html`<text x="${middle}" y="${baseline}" text-anchor="middle" fill="${palette.muted}">·</text>`;
  const { fill, text } = cellColour(shareOf(value, ends));
  return html`<rect x="${x + 1}" y="${y + 1}" width="${width - 2}" height="${cell.height - 2}" rx="2" fill="${fill}"/><text x="${middle}" y="${baseline}" text-anchor="middle" font-size="13" fill="${text}">${onePlace(value)}</text>`;
}

function bestMark({ grid, cell, palette, left }: Layout): Html | false {
  const best = bestCell(grid);
  if (!best) return false;
  const [x, y] = [left + best.column * cell.width, TOP + best.row * cell.height];
  return html`<rect x="${x}" y="${y}" width="${cell.width}" height="${cell.height}" rx="3" fill="none" stroke="${palette.paper}" stroke-width="6"/><rect x="${x}" y="${y}" width="${cell.width}" height="${cell.height}" rx="3" fill="none" stroke="${palette.ink}" stroke-width="2.5"/>`;
}

function blockAxis({ grid, cell, palette, left }: Layout, y: number): Html {
  const middle = (column: number) => left + (column + 0.5) * cell.width;
  return html`<g font-size="13" fill="${palette.muted}"><text x="${left - 12}" y="${y + 20}" text-anchor="end">block</text>${grid.blocks.map((block, column) => html`<text x="${middle(column)}" y="${y + 20}" text-anchor="middle">${block}</text>`)}
${sidesOf(grid).map(({ label, start, length }) => html`<text x="${left + (start + length / 2) * cell.width}" y="${y + 38}" text-anchor="middle" font-size="11">${label}</text>`)}
${placesOf(grid).map((place) => bracket(place, cell.width, left, y + 44, palette))}</g>`;
}

function bracket(
  { label, start, length }: Stretch,
  width: number,
  origin: number,
  y: number,
  palette: Palette,
): Html {
  const [left, right] = [origin + start * width + 4, origin + (start + length) * width - 4];
  return html`<path d="M${left} ${y}v5H${right}v-5" fill="none" stroke="${palette.muted}"/><text x="${(left + right) / 2}" y="${y + 20}" text-anchor="middle" font-style="italic">${label}</text>`;
}
