/** Images and scores in plain arrays: cut out, mirrored, resized, padded. Source and result never share data. */
import { type NdArray, ndarray } from "@difftap/core";
import type { MapSize } from "../definition.js";
import { planesOf } from "./predict.js";

export interface Window extends MapSize {
  readonly top: number;
  readonly left: number;
}

/** The part of an image that a window covers. */
export function crop(image: NdArray<"float32">, { top, left, height, width }: Window): NdArray<"float32"> {
  const { channels, ...size } = planesOf(image);
  const part = ndarray("float32", [channels, height, width]);
  for (let row = 0; row < channels * height; row++) {
    const start = (Math.floor(row / height) * size.height + top + (row % height)) * size.width + left;
    part.data.set(image.data.subarray(start, start + width), row * width);
  }
  return part;
}

/** Left and right exchanged. */
export function mirror(image: NdArray<"float32">): NdArray<"float32"> {
  const { width } = planesOf(image);
  const data = image.data.slice();
  for (let start = 0; start < data.length; start += width) data.subarray(start, start + width).reverse();
  return ndarray("float32", image.shape, data);
}

/** Larger to the right and below, the last column and row repeated. */
export function extend(image: NdArray<"float32">, { height, width }: MapSize): NdArray<"float32"> {
  const { channels, ...size } = planesOf(image);
  const extended = ndarray("float32", [channels, height, width]);
  for (let row = 0; row < channels * height; row++) {
    const source = Math.floor(row / height) * size.height + Math.min(row % height, size.height - 1);
    const cells = image.data.subarray(source * size.width, (source + 1) * size.width);
    extended.data.set(cells, row * width);
    extended.data.fill(cells.at(-1)!, row * width + size.width, (row + 1) * width);
  }
  return extended;
}

/** Bilinear, as PyTorch's `interpolate` without aligned corners. */
export function resize(image: NdArray<"float32">, { height, width }: MapSize): NdArray<"float32"> {
  const { channels, ...size } = planesOf(image);
  if (size.height === height && size.width === width) return image;
  const [rows, columns] = [places(size.height, height), places(size.width, width)];
  const resized = ndarray("float32", [channels, height, width]);
  for (let channel = 0; channel < channels; channel++) {
    const plane = image.data.subarray(channel * size.height * size.width);
    rows.forEach((row, y) => {
      const [above, below] = [
        plane.subarray(row.before * size.width),
        plane.subarray(row.after * size.width),
      ];
      columns.forEach(({ before, after, share }, x) => {
        const top = above[before]! * (1 - share) + above[after]! * share;
        const bottom = below[before]! * (1 - share) + below[after]! * share;
        resized.data[(channel * height + y) * width + x] = top * (1 - row.share) + bottom * row.share;
      });
    });
  }
  return resized;
}

/** The two neighbours of each result, and the share of the second. */
function places(n: number, cells: number) {
  return Array.from({ length: cells }, (_, cell) => {
    const place = Math.min(Math.max(((cell + 0.5) * n) / cells - 0.5, 0), n - 1);
    const before = Math.floor(place);
    return { before, after: Math.min(before + 1, n - 1), share: place - before };
  });
}
