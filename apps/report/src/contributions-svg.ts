/** What each tap contributes as a figure that stands alone: bars with their numbers. */
import type { Contribution } from "@difftap/run-folder";
import { mapName } from "./attention-reading.js";
import {
  type Contributions,
  contributionsNote,
  contributionsTitle,
  largestEnd,
} from "./contribution-reading.js";
import { type Html, html } from "./html.js";
import { sharePlusMinus } from "./numbers.js";
import { type Palette, palettes, SANS, type Theme } from "./palette.js";

const LEFT = 20;
const NAMES = 130;
const BAR = 320;
const ROW = 26;
const TOP = 58;
const WIDTH = 620;
/** Letters of the note in one line. */
const LINE = 96;

export function contributionsSvg(entry: Contributions, theme: Theme = "light"): string {
  const palette = palettes[theme];
  const title = contributionsTitle(entry);
  const largest = largestEnd(entry.taps) || 1;
  const note = wrapped(contributionsNote(entry));
  const bottom = TOP + entry.taps.length * ROW + 26;
  const height = bottom + note.length * 17 + 4;
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title" font-family="${SANS}" font-size="13" fill="${palette.ink}">
<title id="title">${title}</title>
<rect width="${WIDTH}" height="${height}" rx="6" fill="${palette.paper}"/>
<text x="${LEFT}" y="32" font-size="17" font-weight="600">${title}</text>
${entry.taps.map((tap, row) => drawTap(tap, TOP + row * ROW, largest, palette))}
${note.map((line, index) => html`<text x="${LEFT}" y="${bottom + index * 17}" font-size="12" fill="${palette.muted}">${line}</text>`)}
</svg>
`.markup;
}

function drawTap(tap: Contribution, y: number, largest: number, palette: Palette): Html {
  const x = (weight: number) => at(LEFT + NAMES + (BAR * Math.max(0, weight)) / largest);
  const { weight, deviation } = tap;
  const middle = y + ROW / 2;
  const whisker =
    deviation !== null &&
    html`<path d="M${x(weight - deviation)} ${middle}H${x(weight + deviation)}M${x(weight - deviation)} ${middle - 4}v8M${x(weight + deviation)} ${middle - 4}v8" stroke="${palette.ink}" fill="none"/>`;
  return html`<text x="${LEFT}" y="${middle + 4.5}">${mapName(tap)}</text><rect x="${LEFT + NAMES}" y="${y + 4}" width="${at((BAR * weight) / largest)}" height="${ROW - 8}" rx="2" fill="${palette.accent}" opacity="0.55"/>${whisker}<text x="${LEFT + NAMES + BAR + 16}" y="${middle + 4.5}">${sharePlusMinus(weight, deviation)}</text>`;
}

/** Lines of at most LINE letters; longer words stand alone. */
const wrapped = (text: string): string[] => text.match(new RegExp(`.{1,${LINE}}(?: |$)|[^ ]+`, "g")) ?? [];

const at = (value: number) => Number(value.toFixed(1));
