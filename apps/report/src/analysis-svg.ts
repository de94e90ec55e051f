/** Surfaces and matrices as figures that stand alone. */
import type { Analysis, SimilarityMatrix, Surface } from "@difftap/run-folder";
import { saidOf, shortNumber } from "./analysis-numbers.js";
import { endsOf } from "./analysis-reading.js";
import { shadeOf } from "./analysis-surface.js";
import { scaleStops } from "./colour-scale.js";
import { type Html, html } from "./html.js";
import { timestepName, upperFirst } from "./numbers.js";
import { type Palette, palettes, SANS, type Theme } from "./palette.js";

export type AnalysisFigure = readonly [name: string, draw: (theme: Theme) => string];

/** Everything of an analysis that is a table of colours, under names for files. */
export function analysisFigures(analysis: Analysis = {}): AnalysisFigure[] {
  const { cka = [], neighbours, correspondence, sphere = [], draws = [], choice } = analysis;
  const surfaces = (name: string, list: readonly Surface[]): AnalysisFigure[] =>
    list.map((surface, index) => [`${name}-${index + 1}`, (theme) => surfaceSvg(surface, theme)]);
  return [
    ...cka.map((matrix, index): AnalysisFigure => [`cka-${index + 1}`, (theme) => matrixSvg(matrix, theme)]),
    ...surfaces("purity", neighbours?.purity ? [neighbours.purity] : []),
    ...(correspondence?.found ?? []).map(
      ({ change, points }, index): AnalysisFigure => [
        `points-${index + 1}`,
        (theme) => surfaceSvg({ ...points, metric: `${points.metric}, ${change}` }, theme),
      ],
    ),
    ...surfaces("sphere", sphere),
    ...surfaces("draws", draws),
    ...surfaces("rung", choice?.rungs.map(({ scores }) => scores) ?? []),
  ];
}

interface Drawing {
  readonly title: string;
  readonly footer: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly values: readonly (readonly (number | null)[])[];
  readonly unit: Surface["unit"];
  readonly better: Surface["better"];
  /** Names of columns stand upright where they are long. */
  readonly upright: boolean;
}

function surfaceSvg(surface: Surface, theme: Theme): string {
  const { metric, unit, better, blocks, timesteps, values } = surface;
  const title = `${upperFirst(metric)}${unit === "%" ? ", %" : ""}, by timestep and block`;
  const names = { rows: timesteps.map(timestepName), columns: blocks.map(String) };
  return cellsSvg({ title, footer: saidOf(surface), ...names, values, unit, better, upright: true }, theme);
}

function matrixSvg(matrix: SimilarityMatrix, theme: Theme): string {
  const { metric, title, rows, columns, values } = matrix;
  const drawing = { title: `${metric}: ${title}`, footer: saidOf(matrix), rows, columns, values };
  return cellsSvg({ ...drawing, unit: "", better: null, upright: false }, theme);
}

const CELL = { width: 46, height: 30 } as const;
const TOP = 88;
/** Width of a letter at 13 px, generously, and letters of the footer in one line. */
const LETTER = 7.3;
const LINE_LETTER = 6.4;

function cellsSvg(drawing: Drawing, theme: Theme): string {
  const { title, rows, columns, upright, values } = drawing;
  const palette = palettes[theme];
  const longest = (names: readonly string[]) => Math.max(0, ...names.map(({ length }) => length));
  const left = Math.max(90, Math.ceil(32 + LETTER * longest(rows)));
  const top = TOP + (upright ? 24 : Math.ceil(LETTER * longest(columns)) + 8);
  const width = Math.ceil(Math.max(left + columns.length * CELL.width + 24, 40 + title.length * 9.6, 560));
  const lines = wrapped(drawing.footer, Math.floor((width - 40) / LINE_LETTER));
  const height = top + rows.length * CELL.height + 28 + lines.length * 17;
  const ends = endsOf(values.flat().filter((value) => value !== null)) ?? [0, 1];
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title" font-family="${SANS}" font-size="13" fill="${palette.ink}">
<title id="title">${title}</title>
<rect width="${width}" height="${height}" rx="6" fill="${palette.paper}"/>
<text x="20" y="30" font-size="17" font-weight="600">${title}</text>${key(drawing, ends, palette)}
<g>${columns.map((name, column) => columnName(name, left + (column + 0.5) * CELL.width, top - 8, upright))}</g>
${rows.map((name, row) => drawRow(drawing, name, row, { left, top, ends, palette }))}
${lines.map((line, index) => html`<text x="20" y="${height - 14 - 17 * (lines.length - 1 - index)}" font-size="12" fill="${palette.muted}">${line}</text>`)}
</svg>
`.markup;
}

function columnName(name: string, x: number, y: number, upright: boolean): Html {
  return upright
    ? html`<text x="${x}" y="${y}" text-anchor="middle">${name}</text>`
    : html`<text transform="translate(${x + 4} ${y}) rotate(-90)">${name}</text>`;
}

function key({ unit, better }: Drawing, ends: readonly [number, number], { muted }: Palette): Html | false {
  if (ends[0] === ends[1]) return false;
  const [dark, light] = better === "low" ? [ends[1], ends[0]] : ends;
  return html`<defs><linearGradient id="scale">${scaleStops.map((colour, index) => html`<stop offset="${index / (scaleStops.length - 1)}" stop-color="${colour}"/>`)}</linearGradient></defs>
<g font-size="12" fill="${muted}"><text x="60" y="61" text-anchor="end">${shortNumber(dark, unit)}</text><rect x="68" y="50" width="150" height="13" rx="2" fill="url(#scale)"/><text x="226" y="61">${shortNumber(light, unit)}</text></g>`;
}

interface Frame {
  readonly left: number;
  readonly top: number;
  readonly ends: readonly [number, number];
  readonly palette: Palette;
}

function drawRow({ values, unit, better }: Drawing, name: string, row: number, frame: Frame): Html {
  const y = frame.top + row * CELL.height;
  const baseline = y + CELL.height / 2 + 4.5;
  return html`<g><text x="${frame.left - 10}" y="${baseline}" text-anchor="end">${name}</text>${values[
    row
  ]!.map((value, column) => {
    const x = frame.left + column * CELL.width;
    if (value === null)
      return html`<text x="${x + CELL.width / 2}" y="${baseline}" text-anchor="middle" fill="${frame.palette.muted}">·</text>`;
    const { fill, text } = shadeOf(value, frame.ends, better);
    return html`<rect x="${x + 1}" y="${y + 1}" width="${CELL.width - 2}" height="${CELL.height - 2}" rx="2" fill="${fill}"/><text x="${x + CELL.width / 2}" y="${baseline}" text-anchor="middle" font-size="12" fill="${text}">${shortNumber(value, unit)}</text>`;
  })}</g>`;
}

/** Lines of at most so many letters; longer words stand alone. */
const wrapped = (text: string, line: number): string[] =>
  text.match(new RegExp(`.{1,${line}}(?: |$)|[^ ]+`, "g")) ?? [];
