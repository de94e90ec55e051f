/** Numbers of an analysis as its tables print them. */
import type { Interval, Surface, Timestep } from "@difftap/run-folder";
import { onePlace, range, sampleSize, seedNames, timestepName } from "./numbers.js";

type Said = Pick<Surface, "protocol" | "split" | "n" | "seeds">;

/** Per cent with one place, other numbers with two; "−0.12" has a minus of its own. */
export function shortNumber(value: number, unit: Surface["unit"]): string {
  const text = unit === "%" ? onePlace(value) : value.toFixed(2);
  return text.replace(/^-(0\.?0*)$/, "$1").replace("-", "−");
}

/** "0.45–0.61"; ends below 0 are parted by "to". */
export function shortRange([low, high]: Interval, unit: Surface["unit"]): string {
  if (unit === "%" && low >= 0) return range([low, high], "%");
  const ends = [shortNumber(low, unit), shortNumber(high, unit)];
  return low < 0 ? ends.join(" to ") : ends.join("–");
}

/** "Protocol: …; split …; n = 40; seed 1." */
export const saidOf = ({ protocol, split, n, seeds }: Said): string =>
  `Protocol: ${protocol}; split ${split}; ${sampleSize(n)}; ${seedNames(seeds)}.`;

/** "block 9, t = 50" */
export const cellTitle = ({ block, timestep }: { block: number; timestep: Timestep }): string =>
  `block ${block}, ${timestepName(timestep)}`;
