/** Cells of tables over seeds: which seeds there are, what is read, and every seed's value drawn in a line. */
import type { TrainedHead } from "@difftap/run-folder";
import { axisTicks } from "./axis-ticks.js";
import { shareOf } from "./colour-scale.js";
import { type Html, html } from "./html.js";
import { seedNames } from "./numbers.js";

/** More taps than this are told by their number; the list stands with the seeds. */
const LISTED_TAPS = 6;

export type Ends = readonly [number, number];

type Failures = TrainedHead["failures"];

/** Round ends around all intervals; there is at least one. */
export function scaleOf(ends: readonly Ends[]): Ends {
  const ticks = axisTicks(Math.min(...ends.map(([low]) => low)), Math.max(...ends.map(([, high]) => high)));
  return [ticks[0]!, ticks.at(-1)!];
}

/** From the lowest to the highest end; there is at least one. */
export const widest = (ends: readonly Ends[]): [number, number] => [
  Math.min(...ends.map(([low]) => low)),
  Math.max(...ends.map(([, high]) => high)),
];

export interface SeedDots {
  readonly mean: number;
  readonly ends: Ends;
  readonly values: readonly number[];
}

/** A dot for each value, a line for the interval, a stroke for the mean. The numbers stand beside it. */
export function seedDots({ mean, ends, values }: SeedDots, scale: Ends): Html {
  const x = (value: number) => Number((2 + 96 * shareOf(value, scale)).toFixed(2));
  const [low, high] = [x(ends[0]), x(ends[1])];
  return html`<svg viewBox="0 0 100 12" aria-hidden="true"><path d="M${low} 6H${high}M${low} 3v6M${high} 3v6" stroke="var(--muted)" fill="none" stroke-width="0.8"/><path d="M${x(mean)} 1v10" stroke="var(--ink)" stroke-width="1.2"/>${values.map((value) => html`<circle cx="${x(value)}" cy="6" r="2" fill="var(--accent)"/>`)}</svg>`;
}

/** "0, 1" and, beneath, which failed. */
export function seedsCell(seeds: readonly number[], failures: Failures = []): Html {
  const failed = failures.map(({ seed }) => seed);
  return html`${seeds.join(", ")}${failed.length > 0 && html`<small class="wrong">${seedNames(failed)} failed</small>`}`;
}

export const hasManyTaps = ({ taps }: { readonly taps: readonly string[] }): boolean =>
  taps.length > LISTED_TAPS;

/** All taps, or how many there are with the first and the last. */
export function tapsInWords(entry: { readonly taps: readonly string[] }): string {
  const { taps } = entry;
  return hasManyTaps(entry) ? `${taps.length} taps, ${taps[0]} to ${taps.at(-1)}` : taps.join(", ");
}

/** Seeds that gave no number, and why. */
export function failureList(
  entries: readonly { readonly name: string; readonly failures?: Failures }[],
): Html | false {
  const failed = entries.flatMap(({ name, failures = [] }) =>
    failures.map((failure) => ({ name, ...failure })),
  );
  return (
    failed.length > 0 &&
    html`<p class="note">Without a number, and in no mean:</p><ul class="note">${failed.map(({ name, seed, reason }) => html`<li>${name}, seed ${seed}: ${reason}</li>`)}</ul>`
  );
}
