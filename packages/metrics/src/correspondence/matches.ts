/**
 * Points of one image found in another by their features.
 *
 * ```ts
 * import { bestMatches, correctKeypoints } from "@difftap/metrics";
 *
 * const predicted = bestMatches({ map: mapOfFirst, size: sizeOfFirst }, { map: mapOfSecond, size: sizeOfSecond }, points);
 * const { value } = correctKeypoints([{ predicted, truth: pointsInSecond, size: sizeOfSecond }], { alpha: 0.1, seed: 0 });
 * ```
 *
 * Source: Tang et al. 2023 (arXiv 2306.03881), section 4, on features of diffusion models.
 */
import { DifftapError, type NdArray } from "@difftap/core";

/** In pixels of the image, from its upper left corner; the first pixel's middle is (0.5, 0.5). */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

export interface FeatureMap {
  /** [C, h, w] */
  readonly map: NdArray<"float32"> | NdArray<"float64">;
  /** Of the image that the map is of. */
  readonly size: ImageSize;
}

export interface Match extends Point {
  /** Cosine similarity with the point that was looked for. */
  readonly similarity: number;
}

/**
 * For each point of the first image the place of the second whose features are most alike: the middle of the map's best
 * cell, so up to half a cell off. Features of a point are interpolated between cells. Of equal cells the first is taken.
 * @throws DifftapError USAGE_INVALID for maps that are not [C, h, w] with the same C, and points outside the image;
 * NUMERIC for a map with values that are not finite.
 */
export function bestMatches(from: FeatureMap, to: FeatureMap, points: readonly Point[]): Match[] {
  const [source, target] = [gridOf(from, "the first map"), gridOf(to, "the second map")];
  if (source.channels !== target.channels) {
    throw new DifftapError(
      "USAGE_INVALID",
      `the first map has ${source.channels} channels, the second ${target.channels}`,
      { hint: "both maps have to be taps of the same block" },
    );
  }
  const lengths = cellLengths(target);
  return points.map((point) => bestMatch(target, lengths, to.size, featuresAt(source, from.size, point)));
}

interface Grid extends ImageSize {
  readonly data: Float32Array | Float64Array;
  readonly channels: number;
}

function gridOf({ map }: FeatureMap, name: string): Grid {
  const [channels, height, width] = map.shape;
  if (map.shape.length !== 3 || map.data.length === 0) {
    throw new DifftapError("USAGE_INVALID", `${name} has shape [${map.shape.join(", ")}], not [C, h, w]`);
  }
  if (!map.data.every((value: number) => Number.isFinite(value))) {
    throw new DifftapError("NUMERIC", `${name} has a value that is not finite`);
  }
  return { data: map.data, channels: channels!, height: height!, width: width! };
}

function cellLengths({ data, channels, height, width }: Grid): Float64Array {
  const cells = height * width;
  return Float64Array.from({ length: cells }, (_, cell) => {
    let squares = 0;
    for (let channel = 0; channel < channels; channel++) squares += data[channel * cells + cell]! ** 2;
    return Math.sqrt(squares);
  });
}

/** Bilinear between the middles of cells, edges held; a unit vector, or zeros. */
function featuresAt(grid: Grid, size: ImageSize, { x, y }: Point): Float64Array {
  if (!(x >= 0 && x <= size.width && y >= 0 && y <= size.height)) {
    throw new DifftapError(
      "USAGE_INVALID",
      `point (${x}, ${y}) is outside ${size.width} × ${size.height} pixels`,
    );
  }
  const column = between((x * grid.width) / size.width, grid.width);
  const row = between((y * grid.height) / size.height, grid.height);
  const features = Float64Array.from({ length: grid.channels }, (_, channel) => {
    const at = (down: number, right: number) =>
      grid.data[(channel * grid.height + down) * grid.width + right]!;
    const upper =
      at(row.first, column.first) * (1 - column.share) + at(row.first, column.second) * column.share;
    const lower =
      at(row.second, column.first) * (1 - column.share) + at(row.second, column.second) * column.share;
    return upper * (1 - row.share) + lower * row.share;
  });
  const length = Math.sqrt(features.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? features : features.map((value) => value / length);
}

/** The cells whose middles lie around a place, and the second's share. */
function between(place: number, cells: number) {
  const position = Math.min(cells - 1, Math.max(0, place - 0.5));
  const first = Math.floor(position);
  return { first, second: Math.min(cells - 1, first + 1), share: position - first };
}

function bestMatch(grid: Grid, lengths: Float64Array, size: ImageSize, features: Float64Array): Match {
  const cells = grid.height * grid.width;
  const products = new Float64Array(cells);
  features.forEach((value, channel) => {
    for (let cell = 0; cell < cells; cell++) products[cell]! += value * grid.data[channel * cells + cell]!;
  });
  const cosines = products.map((product, cell) => (lengths[cell] === 0 ? 0 : product / lengths[cell]!));
  const best = cosines.reduce((held, value, cell) => (value > cosines[held]! ? cell : held), 0);
  return {
    x: (((best % grid.width) + 0.5) * size.width) / grid.width,
    y: ((Math.floor(best / grid.width) + 0.5) * size.height) / grid.height,
    similarity: cosines[best]!,
  };
}
