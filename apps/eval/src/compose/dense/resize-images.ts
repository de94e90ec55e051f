/**
 * Images resized bilinearly, the filter widened when they become smaller, so that nothing aliases: PyTorch's
 * `interpolate(…, mode="bilinear", antialias=True)`.
 */
import type { ImageSize } from "@difftap/backbone";
import { type NdArray, ndarray } from "@difftap/core";

type Images = NdArray<"uint8"> | NdArray<"float32">;

/** [N, C, H, W] → [N, C, height, width] of the same type; pixels are rounded. */
export function resizeImages(images: Images, size: ImageSize): Images {
  const [count, channels, height, width] = images.shape as [number, number, number, number];
  const [rows, columns] = [weightsOf(height, size.height), weightsOf(width, size.width)];
  const resized = ndarray(images.dtype, [count, channels, size.height, size.width]) as Images;
  const across = new Float32Array(height * size.width);
  for (let plane = 0; plane < count * channels; plane++) {
    const from = images.data.subarray(plane * height * width, (plane + 1) * height * width);
    mix(from, across, { lines: height, step: 1, weights: columns, lineFrom: width, lineTo: size.width });
    const to = new Float32Array(size.height * size.width);
    mix(across, to, { lines: size.width, step: size.width, weights: rows, lineFrom: 1, lineTo: 1 });
    write(to, resized, plane * to.length);
  }
  return resized;
}

interface Mixing {
  /** Lines that are mixed, each by itself. */
  readonly lines: number;
  /** From one number of a line to the next. */
  readonly step: number;
  /** From one line to the next. */
  readonly lineFrom: number;
  readonly lineTo: number;
  readonly weights: readonly Weights[];
}

/** Of the inputs from `first` on; they sum to 1. */
interface Weights {
  readonly first: number;
  readonly weights: readonly number[];
}

function mix(
  from: ArrayLike<number>,
  to: Float32Array,
  { lines, step, weights: outputs, lineFrom, lineTo }: Mixing,
): void {
  for (let line = 0; line < lines; line++) {
    for (const [place, { first, weights }] of outputs.entries()) {
      let sum = 0;
      for (const [k, weight] of weights.entries())
        sum += weight * from[line * lineFrom + (first + k) * step]!;
      to[line * lineTo + place * step] = sum;
    }
  }
}

function write(values: Float32Array, { dtype, data }: Images, start: number): void {
  for (const [place, value] of values.entries()) {
    data[start + place] = dtype === "uint8" ? Math.min(255, Math.max(0, Math.round(value))) : value;
  }
}

/** A triangle around the place of each output, as wide as an output pixel or an input pixel, whichever is wider. */
function weightsOf(n: number, cells: number): Weights[] {
  const reach = Math.max(n / cells, 1);
  return Array.from({ length: cells }, (_, cell) => {
    const centre = ((cell + 0.5) * n) / cells - 0.5;
    const first = Math.max(Math.ceil(centre - reach), 0);
    const last = Math.min(Math.floor(centre + reach), n - 1);
    const raw = Array.from({ length: last - first + 1 }, (_, k) =>
      Math.max(0, 1 - Math.abs(first + k - centre) / reach),
    );
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: raw.map((weight) => weight / total) };
  });
}
