/** A trained detector or segmenter as tables and sentences take it, whatever it finds. */
import { type Interval, overSeeds, type TrainedHead } from "@difftap/run-folder";
import { plusMinus, range } from "./numbers.js";
import { widest } from "./seed-cells.js";

/** A number that every seed gave. */
export interface SeedFigure {
  /** "AP50" */
  readonly metric: string;
  readonly mean: number;
  readonly deviation: number | null;
  /** From the lowest to the highest end of the seeds' own intervals. */
  readonly interval: Interval;
  /** One per run. */
  readonly values: readonly { readonly value: number; readonly interval: Interval }[];
}

export interface ModelReading {
  readonly name: string;
  /** What it is made of and how it is set, in words. */
  readonly made: string;
  readonly taps: readonly string[];
  /** The first is what models are compared by; none where the images have nothing to take one from. */
  readonly figures: readonly SeedFigure[];
  readonly runs: readonly { readonly seed: number; readonly epochs: number; readonly seconds: number }[];
  readonly failures?: TrainedHead["failures"];
  /** Test images. */
  readonly n: number;
  readonly parameters: number;
  readonly protocol: string;
  readonly split: string;
}

type Value = SeedFigure["values"][number];

/** None where a run has no value. */
export function seedFigures(metric: string, values: readonly (Value | null)[]): SeedFigure[] {
  const known = values.filter((value) => value !== null);
  if (known.length === 0 || known.length < values.length) return [];
  const over = overSeeds(known.map(({ value }) => value));
  return [{ metric, ...over, interval: widest(known.map(({ interval }) => interval)), values: known }];
}

export const figureOf = ({ figures }: ModelReading, metric: string): SeedFigure | undefined =>
  figures.find((figure) => figure.metric === metric);

export const seedsOfModel = ({ runs }: ModelReading): number[] => runs.map(({ seed }) => seed);

/** "71.2 ± 0.4 % (65.0–77.3)" */
export const figureInWords = ({ mean, deviation, interval }: SeedFigure): string =>
  `${plusMinus(mean, deviation, "%")} (${range(interval, "%")})`;
