/** Trained heads and simpler readings in one picture: a dot and a 95 % interval each, the best on top. */
import type { Interval, RunResult, TrainedHead } from "@difftap/run-folder";
import { axisTicks } from "./axis-ticks.js";
import { shareOf } from "./colour-scale.js";
import { comparisonName } from "./comparison-reading.js";
import { intervalOf } from "./head-reading.js";
import { type Html, html } from "./html.js";
import { figures, onePlace } from "./numbers.js";
import { type Palette, SANS } from "./palette.js";

interface Reading {
  readonly name: string;
  readonly value: number;
  readonly interval: Interval;
  /** A trained head, and not something simpler. */
  readonly trained: boolean;
}

const WIDTH = 860;
const LEFT = 300;
const RIGHT = WIDTH - 70;
const TOP = 14;
const ROW = 26;

/** `heads` and `others` together have at least one row. */
export function comparisonChart(
  heads: readonly TrainedHead[],
  others: readonly RunResult[],
  palette: Palette,
): Html {
  const readings = readingsOf(heads, others);
  const ends = readings.flatMap(({ interval }) => interval);
  const ticks = axisTicks(Math.min(...ends), Math.max(...ends), 7);
  const x = (value: number) => at(LEFT + (RIGHT - LEFT) * shareOf(value, [ticks[0]!, ticks.at(-1)!]));
  const bottom = TOP + readings.length * ROW;
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 44}" width="${WIDTH}" height="${bottom + 44}" role="img" aria-label="${inWords(readings)}" font-family="${SANS}" font-size="13">
<g fill="${palette.muted}">${ticks.map((tick) => html`<line x1="${x(tick)}" x2="${x(tick)}" y1="${TOP}" y2="${bottom}" stroke="${palette.rule}"/><text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${figures(tick)}</text>`)}<text x="${(LEFT + RIGHT) / 2}" y="${bottom + 38}" text-anchor="middle">top-1, %</text></g>
${readings.map((reading, row) => drawReading(reading, TOP + (row + 0.5) * ROW, x, palette))}
</svg>`;
}

function readingsOf(heads: readonly TrainedHead[], others: readonly RunResult[]): Reading[] {
  return [
    ...heads.map((head) => {
      return { name: head.name, value: head.mean, interval: intervalOf(head), trained: true };
    }),
    ...others.map((other) => {
      const { value, interval } = other;
      return { name: comparisonName(other), value, interval, trained: false };
    }),
  ].sort((a, b) => b.value - a.value);
}

/** Heads are filled, what they stand beside is hollow. */
function drawReading(
  { name, value, interval: [low, high], trained }: Reading,
  y: number,
  x: (value: number) => number,
  { paper, ink, muted, accent }: Palette,
): Html {
  const [colour, text] = trained ? [accent, ink] : [muted, muted];
  return html`<g><text x="${LEFT - 14}" y="${at(y + 4.5)}" text-anchor="end" fill="${text}">${name}</text><path d="M${x(low)} ${at(y)}H${x(high)}M${x(low)} ${at(y - 4)}v8M${x(high)} ${at(y - 4)}v8" fill="none" stroke="${colour}" stroke-width="1.5"/><circle cx="${x(value)}" cy="${at(y)}" r="4.5" fill="${trained ? colour : paper}" stroke="${colour}" stroke-width="1.5"/><text x="${RIGHT + 12}" y="${at(y + 4.5)}" fill="${text}" font-weight="${trained ? 600 : 400}">${onePlace(value)}</text></g>`;
}

function inWords(readings: readonly Reading[]): string {
  return `Top-1 in per cent: ${readings.map(({ name, value }) => `${name} ${onePlace(value)}`).join(", ")}`;
}

const at = (value: number) => Number(value.toFixed(2));
