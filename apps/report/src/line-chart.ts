/** Lines with 95 % bands, named at their ends, as SVG; scales with its container and needs no script. */
import { axisTicks } from "./axis-ticks.js";
import { type Html, html } from "./html.js";
import { figures } from "./numbers.js";
import { type Palette, SANS } from "./palette.js";

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** Of a mean: the standard deviation of what it is the mean of. The numbers beside the chart say it. */
  readonly deviation?: number | null;
}

export interface ChartSeries {
  readonly name: string;
  readonly points: readonly ChartPoint[];
  /** What the line is the mean of: drawn behind it, thin and in its colour. */
  readonly members?: readonly (readonly ChartPoint[])[];
  /** Drawn thin and dashed, as something to compare with. */
  readonly comparison?: boolean;
}

export interface ChartSpec {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly ChartSeries[];
  /** Ticks of the x axis; round numbers without. */
  readonly xTicks?: readonly number[] | undefined;
  /** Named stretches below the x axis, ends included. */
  readonly spans?:
    | readonly { readonly from: number; readonly to: number; readonly label: string }[]
    | undefined;
}

interface Frame {
  readonly palette: Palette;
  /** Where the lines of the grid begin. */
  readonly left: number;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly xTicks: readonly number[];
  readonly yTicks: readonly number[];
}

const WIDTH = 860;
const MARGIN = { left: 56, right: 170, top: 18 } as const;
const RIGHT = WIDTH - MARGIN.right;
const BOTTOM = 304;
/** Of a digit at the axis, and what stands left of the longest number. */
const DIGIT = 8.3;
const BESIDE_TICKS = 31;
/** Room below the x axis for its ticks and name, and for named stretches between them. */
const BELOW = { plain: 48, spans: 76 } as const;
/** Lines to compare with share one colour and differ by their dashes. */
const COMPARISON_DASHES = ["2 4", "7 4", "10 3 2 3"] as const;
/** Lines of more points are drawn without markers. */
const MOST_MARKERS = 60;
/** A line with members behind it has at most so many, or they would hide them. */
const MARKERS_OVER_MEMBERS = 8;
/** Smallest distance between two names at the lines' ends. */
const NAME_GAP = 16;

/** Whether there is a line to draw: one place on the x axis makes none. */
export const hasLine = ({ series }: ChartSpec): boolean =>
  new Set(series.flatMap(({ points }) => points.map(({ x }) => x))).size > 1;

/** The chart. Only finite points are drawn; `standalone` adds a background for use outside a page. */
export function lineChart(spec: ChartSpec, palette: Palette, standalone = false): Html {
  const frame = frameOf(spec, palette);
  const height = heightOf(spec);
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${spec.title}" font-family="${SANS}" font-size="13"><title>${spec.title}</title>
${standalone && html`<rect width="${WIDTH}" height="${height}" fill="${palette.paper}"/>`}
${axes(spec, frame)}
${spec.series.map((series, index) => drawSeries(series, index, frame))}
${endNames(spec.series, frame)}
</svg>`;
}

function heightOf({ spans = [] }: Pick<ChartSpec, "spans">): number {
  return BOTTOM + (spans.length > 0 ? BELOW.spans : BELOW.plain);
}

function frameOf(spec: ChartSpec, palette: Palette): Frame {
  const points = spec.series.flatMap(({ points: list, members = [] }) => [...list, ...members.flat()]);
  const xs = points.map(({ x }) => x);
  const ys = points.flatMap(({ y, low, high }) => [y, low ?? y, high ?? y]);
  const yTicks = axisTicks(...ends(ys));
  const longest = Math.max(...yTicks.map((tick) => figures(tick).length));
  const left = Math.max(MARGIN.left, Math.ceil(BESIDE_TICKS + DIGIT * longest));
  const [first, last] = ends(xs);
  return {
    palette,
    left,
    yTicks,
    xTicks: spec.xTicks ?? axisTicks(first, last, 8).filter((tick) => tick >= first && tick <= last),
    x: (value) =>
      last > first
        ? left + 14 + ((value - first) / (last - first)) * (RIGHT - left - 28)
        : (left + RIGHT) / 2,
    y: (value) => BOTTOM - ((value - yTicks[0]!) / (yTicks.at(-1)! - yTicks[0]!)) * (BOTTOM - MARGIN.top),
  };
}

function ends(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 1];
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [values[0]!, values[0]!],
  );
}

function axes(spec: ChartSpec, { palette, left, x, y, xTicks, yTicks }: Frame): Html {
  const { xLabel, yLabel, spans = [] } = spec;
  return html`<g fill="${palette.muted}">
${yTicks.map((tick) => html`<line x1="${left}" x2="${RIGHT}" y1="${at(y(tick))}" y2="${at(y(tick))}" stroke="${palette.rule}"/><text x="${left - 8}" y="${at(y(tick) + 4.5)}" text-anchor="end">${figures(tick)}</text>`)}
${xTicks.map((tick) => html`<text x="${at(x(tick))}" y="${BOTTOM + 20}" text-anchor="middle">${figures(tick)}</text>`)}
${spans.map((span) => drawSpan(span, x, palette))}
<text x="${(left + RIGHT) / 2}" y="${heightOf({ spans }) - 8}" text-anchor="middle">${xLabel}</text>
<text transform="translate(14 ${(MARGIN.top + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${yLabel}</text>
</g>`;
}

function drawSpan(span: { from: number; to: number; label: string }, x: Frame["x"], palette: Palette): Html {
  const [left, right] = [x(span.from) - 9, x(span.to) + 9];
  return html`<path d="M${at(left)} ${BOTTOM + 28}v4H${at(right)}v-4" fill="none" stroke="${palette.muted}"/><text x="${at((left + right) / 2)}" y="${BOTTOM + 47}" text-anchor="middle" font-style="italic">${span.label}</text>`;
}

function drawSeries(series: ChartSeries, index: number, { palette, x, y }: Frame): Html {
  const colour = seriesColour(palette, series, index);
  const { points, members = [] } = series;
  const path = (list: readonly ChartPoint[]) =>
    list
      .map((point, position) => `${position === 0 ? "M" : "L"}${at(x(point.x))} ${at(y(point.y))}`)
      .join("");
  const thin = members.map(
    (member) =>
      html`<path d="${path(member)}" fill="none" stroke="${colour}" stroke-width="1" opacity="0.5" stroke-linejoin="round"/>`,
  );
  const width = series.comparison ? 1.5 : members.length > 0 ? 3 : 2.2;
  const dash = series.comparison
    ? COMPARISON_DASHES[index % COMPARISON_DASHES.length]!
    : index >= palette.series.length
      ? "8 4"
      : "none";
  return html`<g>${band(points, x, y, colour)}${thin}<path d="${path(points)}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round" stroke-dasharray="${dash}"/>${!series.comparison && marked(series).map((point) => marker(index, x(point.x), y(point.y), colour))}</g>`;
}

function band(points: readonly ChartPoint[], x: Frame["x"], y: Frame["y"], colour: string): Html | false {
  const known = points.filter((point) => point.low !== undefined && point.high !== undefined);
  if (known.length < 2) return false;
  const upper = known.map((point) => `${at(x(point.x))} ${at(y(point.high!))}`);
  const lower = known.map((point) => `${at(x(point.x))} ${at(y(point.low!))}`).reverse();
  return html`<path d="M${[...upper, ...lower].join("L")}Z" fill="${colour}" opacity="0.13"/>`;
}

/** The points that get a marker. */
function marked({ points, members = [] }: ChartSeries): readonly ChartPoint[] {
  if (points.length > MOST_MARKERS) return [];
  const every = members.length > 0 ? Math.ceil(points.length / MARKERS_OVER_MEMBERS) : 1;
  return points.filter((_, index) => index % every === 0);
}

/** Circle, square, diamond, triangle: the lines differ without colour too. */
function marker(index: number, x: number, y: number, colour: string): Html {
  const shapes = [
    "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
    "m-3.5-3.5h7v7h-7z",
    "m0-5l5 5l-5 5l-5-5z",
    "m0-5l5 8.5h-10z",
  ];
  return html`<path d="M${at(x)} ${at(y)}${shapes[index % shapes.length]!}" fill="${colour}"/>`;
}

/** Names at the right ends of the lines, pushed apart where they would overlap. */
function endNames(series: readonly ChartSeries[], { palette, x, y }: Frame): Html[] {
  const wanted = series
    .flatMap(({ name, points }, index) =>
      points.length === 0 ? [] : [{ name, index, last: points.at(-1)! }],
    )
    .map(({ name, index, last }) => ({ name, index, end: { x: x(last.x), y: y(last.y) }, place: y(last.y) }))
    .sort((a, b) => a.place - b.place);
  wanted.forEach((label, position) => {
    const above = wanted[position - 1];
    if (above) label.place = Math.max(label.place, above.place + NAME_GAP);
  });
  const surplus = Math.max(0, (wanted.at(-1)?.place ?? 0) - BOTTOM);
  return wanted.map(({ name, index, end, place }) => {
    const colour = seriesColour(palette, series[index]!, index);
    const shifted = place - surplus;
    return html`<path d="M${at(end.x + 7)} ${at(end.y)}L${RIGHT + 6} ${at(shifted)}" stroke="${colour}" stroke-width="0.8" opacity="0.7"/><text x="${RIGHT + 10}" y="${at(shifted + 4.5)}" fill="${colour}">${clipped(name)}</text>`;
  });
}

function seriesColour(palette: Palette, { comparison }: ChartSeries, index: number): string {
  return comparison ? palette.muted : palette.series[index % palette.series.length]!;
}

const clipped = (name: string) => (name.length > 24 ? `${name.slice(0, 23)}…` : name);
const at = (value: number) => Number(value.toFixed(1));
