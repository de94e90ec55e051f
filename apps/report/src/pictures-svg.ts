/** Pictures of a detector or a segmenter as figures that stand alone. */
import type { TrainedDetector, TrainedSegmenter } from "@difftap/run-folder";
import { matchBoxes, matchesInShort } from "./box-matches.js";
import { drawBoxes, PICTURE_WIDTH, pictureHeight } from "./boxes-svg.js";
import type { NamedColour } from "./colour-key.js";
import { type Html, html } from "./html.js";
import { seedNames } from "./numbers.js";
import { palettes, SANS, type Theme } from "./palette.js";
import { panelsOf, picturesFigures } from "./segmentation-pictures.js";

const EDGE = 20;
const GAP = 16;
const TITLE = 56;
const CAPTION = 34;
const WIDTH = 2 * EDGE + 2 * PICTURE_WIDTH + GAP;
/** Of a label map: four stand in a row. */
const PANEL = (WIDTH - 2 * EDGE - 3 * GAP) / 4;
/** Of a class in the key. */
const KEY = 150;
const KEY_ROW = 22;

/** Two pictures in a row. `model` has at least one. */
export function detectionSvg(
  { name, pictures, perClass, runs }: TrainedDetector,
  theme: Theme = "light",
): string {
  const classes = perClass.map((entry) => entry.name);
  const rows = pairs(pictures);
  const heights = rows.map((row) => Math.max(...row.map(pictureHeight)) + CAPTION);
  const tops = heights.map((_, row) => TITLE + total(heights.slice(0, row)));
  const { muted } = palettes[theme];
  const drawn = rows.map((row, index) =>
    row.map((picture, column) => {
      const [x, y] = [EDGE + column * (PICTURE_WIDTH + GAP), tops[index]!];
      const [height, words] = [pictureHeight(picture), matchesInShort(picture, matchBoxes(picture))];
      return html`<svg x="${x}" y="${y}" width="${PICTURE_WIDTH}" height="${height}" viewBox="0 0 ${PICTURE_WIDTH} ${height}">${drawBoxes(picture, classes)}</svg><text x="${x}" y="${y + height + 17}">${picture.id} <tspan fill="${muted}">${words}</tspan></text>`;
    }),
  );
  return frame(`Boxes of ${name}, ${seedNames([runs[0]!.seed])}`, TITLE + total(heights), drawn, theme);
}

/** Image, truth, prediction, and the prediction over the image in a row. `model` has at least one picture. */
export function segmentationSvg(model: TrainedSegmenter, theme: Theme = "light"): string {
  const { name, pictures, classes, runs } = model;
  const { muted } = palettes[theme];
  const top = TITLE + key(classes).height;
  const heights = pictures.map(({ width, height }) => Math.round((PANEL * height) / width) + CAPTION);
  const drawn = pictures.map((picture, row) => {
    const y = top + total(heights.slice(0, row));
    const height = heights[row]! - CAPTION;
    const panels = panelsOf(picture, `picture-${row + 1}`).map(
      ({ drawing }, column) =>
        html`<svg x="${EDGE + column * (PANEL + GAP)}" y="${y}" width="${PANEL}" height="${height}" viewBox="0 0 ${picture.width} ${picture.height}">${drawing}</svg>`,
    );
    return html`${panels}<text x="${EDGE}" y="${y + height + 17}">${picture.id} <tspan fill="${muted}">${picturesFigures(picture)}</tspan></text>`;
  });
  const title = `Image, truth, prediction of ${name}, ${seedNames([runs[0]!.seed])}`;
  return frame(title, top + total(heights), [key(classes).drawing, ...drawn], theme);
}

/** Colours and names in rows below the title. */
function key(classes: readonly NamedColour[]): { readonly drawing: Html; readonly height: number } {
  const inRow = Math.floor((WIDTH - 2 * EDGE) / KEY);
  const drawing = html`${classes.map(({ name, colour }, index) => {
    const [x, y] = [EDGE + (index % inRow) * KEY, TITLE - 10 + Math.floor(index / inRow) * KEY_ROW];
    return html`<rect x="${x}" y="${y}" width="12" height="12" rx="2" fill="${colour}"/><text x="${x + 18}" y="${y + 10.5}">${name}</text>`;
  })}`;
  return { drawing, height: Math.ceil(classes.length / inRow) * KEY_ROW };
}

function frame(
  title: string,
  height: number,
  content: readonly (Html | readonly Html[])[],
  theme: Theme,
): string {
  const { ink, paper } = palettes[theme];
  const tall = Math.ceil(height + EDGE / 2);
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${tall}" width="${WIDTH}" height="${tall}" role="img" aria-labelledby="title" font-family="${SANS}" font-size="12" fill="${ink}">
<title id="title">${title}</title>
<rect width="${WIDTH}" height="${tall}" rx="6" fill="${paper}"/>
<text x="${EDGE}" y="32" font-size="17" font-weight="600">${title}</text>
${content}
</svg>
`.markup;
}

const pairs = <T>(values: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(values.length / 2) }, (_, row) => values.slice(2 * row, 2 * row + 2));

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
