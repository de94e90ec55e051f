/** How sure figures of a whole set are: its images drawn again and again, with replacement. */
import { streams, uniforms } from "@difftap/core";
import { type BootstrapOptions, DEFAULT_RESAMPLES, percentileInterval } from "./intervals.js";

/** Named figures; null where a set has nothing to take one from. */
export type Figures<K extends string> = Readonly<Record<K, number | null>>;

/** 95 % intervals by name; null where the figure is null. */
export type FigureIntervals<K extends string> = Readonly<Record<K, readonly [number, number] | null>>;

/**
 * 95 % percentile interval of each figure. Draws that leave a figure without anything to take it from are left out of
 * its interval.
 * @param figuresOf figures when image i counts weights[i] times; without weights, of the images as they are.
 * @param n number of images.
 */
export function resampledFigures<K extends string>(
  figuresOf: (weights?: Uint32Array) => Figures<K>,
  n: number,
  { seed, resamples = DEFAULT_RESAMPLES }: BootstrapOptions,
): FigureIntervals<K> {
  const drawn = Array.from({ length: resamples }, (_, index) =>
    figuresOf(drawnWeights(uniforms({ seed, stream: streams.subset, index }, n))),
  );
  const intervals = Object.entries<number | null>(figuresOf()).map(([name, value]) => {
    const values = drawn.map((figures) => figures[name as K]).filter((each) => each !== null);
    return [
      name,
      value === null || values.length === 0 ? null : percentileInterval(Float64Array.from(values)),
    ];
  });
  return Object.fromEntries(intervals);
}

/** How often each image was drawn. */
function drawnWeights(draws: Float64Array): Uint32Array {
  const weights = new Uint32Array(draws.length);
  for (const draw of draws) weights[Math.floor(draw * draws.length)]! += 1;
  return weights;
}

/** Number of places, each counted as often as its image. */
export function weightedCount(images: Uint32Array, weights: Uint32Array | undefined): number {
  return weights ? images.reduce((sum, image) => sum + weights[image]!, 0) : images.length;
}

/** Mean of the values there are; null where there is none. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
