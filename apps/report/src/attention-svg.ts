/** Where the CLS token looks as a figure that stands alone: a row per picture, a column per tap. */
import type { Attention, AttentionExample, AttentionMap } from "@difftap/run-folder";
import { attentionOverlay } from "./attention-overlay.js";
import { mapName, shareOfTap, verdict } from "./attention-reading.js";
import { scaleStops } from "./colour-scale.js";
import { type Html, html } from "./html.js";
import { sharePercent } from "./numbers.js";
import { type Palette, palettes, SANS, type Theme } from "./palette.js";

const PANEL = 120;
const COLUMN = PANEL + 24;
const ROW = PANEL + 56;
const LEFT = 20;
const TOP = 96;
const NARROWEST = 460;

/** SVG text. `attention` has at least one example. */
export function attentionSvg(attention: Attention, theme: Theme = "light"): string {
  const { head, seed, examples } = attention;
  const palette = palettes[theme];
  const columns = 1 + Math.max(...examples.map(({ maps }) => maps.length));
  const width = Math.max(NARROWEST, LEFT + columns * COLUMN);
  const height = TOP + examples.length * ROW;
  const title = `Where the CLS token of ${head} looks, seed ${seed}`;
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title" font-family="${SANS}" font-size="12" fill="${palette.ink}">
<title id="title">${title}</title>
<rect width="${width}" height="${height}" rx="6" fill="${palette.paper}"/>
<text x="${LEFT}" y="32" font-size="17" font-weight="600">${title}</text>${key(palette)}
${examples.map((example, row) => drawRow(example, row, palette))}
</svg>
`.markup;
}

function key({ muted }: Palette): Html {
  return html`<defs><linearGradient id="scale">${scaleStops.map((colour, index) => html`<stop offset="${index / (scaleStops.length - 1)}" stop-color="${colour}"/>`)}</linearGradient></defs>
<g fill="${muted}"><text x="${LEFT}" y="65">0</text><rect x="${LEFT + 14}" y="54" width="150" height="13" rx="2" fill="url(#scale)"/><text x="${LEFT + 172}" y="65">strongest cell of the map</text></g>`;
}

function drawRow(example: AttentionExample, row: number, palette: Palette): Html {
  const id = `picture-${row + 1}`;
  const y = TOP + row * ROW;
  const { height, width } = example.maps[0]!;
  const whole = html`<g transform="scale(${width} ${height})"><image id="${id}" href="${example.image}" width="1" height="1" preserveAspectRatio="none" style="image-rendering:pixelated"/></g>`;
  return html`<g>${drawPanel(example.maps[0]!, whole, LEFT, y)}<text x="${LEFT}" y="${y + PANEL + 16}">${clipped(verdict(example))}</text>
${example.maps.map((map, column) => drawMap(map, id, LEFT + (column + 1) * COLUMN, y, palette))}</g>`;
}

function drawMap(map: AttentionMap, id: string, x: number, y: number, { muted }: Palette): Html {
  const overlay = attentionOverlay(map.weights, map, html`<use href="#${id}"/>`);
  return html`${drawPanel(map, overlay, x, y)}<text x="${x}" y="${y + PANEL + 16}">${mapName(map)}</text><text x="${x}" y="${y + PANEL + 32}" fill="${muted}">${sharePercent(shareOfTap(map))}</text>`;
}

/** Pictures of any shape fill a square, as on the network's input. */
function drawPanel(
  { height, width }: Pick<AttentionMap, "height" | "width">,
  content: Html,
  x: number,
  y: number,
): Html {
  return html`<svg x="${x}" y="${y}" width="${PANEL}" height="${PANEL}" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none">${content}</svg>`;
}

const clipped = (text: string) => (text.length > 18 ? `${text.slice(0, 17)}…` : text);
