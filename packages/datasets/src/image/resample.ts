/**
 * Separable resampling of 8-bit RGB, equal to PIL's `Image.resize` bit for bit: rows first, then columns, each rounded
 * to 8 bits, with weights in fixed point. sharp does not serve here: it has no box filter, and its enlarging kernel
 * differs from PIL's by up to 55 levels.
 */

/** RGB pixels, rows then columns: `width * height * 3` bytes. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface Filter {
  /** Half width in output pixels. */
  readonly support: number;
  weight(distance: number): number;
}

/** Mean over the pixels an output pixel covers. */
export const box: Filter = { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };

/** Keys' cubic convolution with a = −0.5; widened when reducing, so that it does not alias. */
export const bicubic: Filter = {
  support: 2,
  weight: (x) => {
    const d = Math.abs(x);
    if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
    return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
  },
};

export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The part `window` of the image resized to `width` × `height`; only that part is computed.
 * @returns pixels of window.width × window.height
 */
export function resample(
  image: Pixels,
  width: number,
  height: number,
  filter: Filter,
  window: Window,
): Pixels {
  const across = taps(image.width, width, filter, window.left, window.width);
  const down = taps(image.height, height, filter, window.top, window.height);
  if (columnsFirst(image, height)) return resampleRows(resampleColumns(image, down, 0), across);
  const firstRow = down.first[0]!;
  return resampleColumns(resampleRows(rowsFrom(image, firstRow, lastInput(down)), across), down, firstRow);
}

/** PIL 13 reduces images over twice as high as wide along their height first; the order shows in the rounding. */
function columnsFirst(image: Pixels, height: number): boolean {
  return height < image.height && image.height > 2 * image.width;
}

/** Bits behind the binary point of a weight: 32 less 8 of the pixel and 2 for overshoot. */
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);

/** For each output position: the first input position, how many, and their weights (`width` apart). */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  readonly width: number;
}

function taps(from: number, to: number, filter: Filter, start: number, length: number): Taps {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  const width = Math.ceil(support) * 2 + 1;
  const table = {
    first: new Int32Array(length),
    count: new Int32Array(length),
    weights: new Int32Array(length * width),
    width,
  };
  for (let i = 0; i < length; i++) {
    const centre = (start + i + 0.5) * scale;
    const low = Math.max(Math.trunc(centre - support + 0.5), 0);
    const high = Math.min(Math.trunc(centre + support + 0.5), from);
    const inverse = 1 / stretch;
    const raw = Array.from({ length: high - low }, (_, k) =>
      filter.weight((k + low - centre + 0.5) * inverse),
    );
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    table.first[i] = low;
    table.count[i] = high - low;
    for (const [k, weight] of raw.entries()) table.weights[i * width + k] = fixedPoint(weight * (1 / total));
  }
  return table;
}

function fixedPoint(weight: number): number {
  return Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * (1 << PRECISION_BITS));
}

/** One past the last input position that any output position reads. */
function lastInput({ first, count }: Taps): number {
  return first[first.length - 1]! + count[count.length - 1]!;
}

/** Rows `first` … `end` − 1, without copying. */
function rowsFrom({ data, width }: Pixels, first: number, end: number): Pixels {
  return { data: data.subarray(first * width * 3, end * width * 3), width, height: end - first };
}

function resampleRows(
  { data, width, height }: Pixels,
  { first, count, weights, width: reach }: Taps,
): Pixels {
  const outWidth = first.length;
  const out = new Uint8ClampedArray(height * outWidth * 3);
  let write = 0;
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < outWidth; x++) {
      const end = x * reach + count[x]!;
      let read = (row * width + first[x]!) * 3;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (let k = x * reach; k < end; k++, read += 3) {
        const weight = weights[k]!;
        red += data[read]! * weight;
        green += data[read + 1]! * weight;
        blue += data[read + 2]! * weight;
      }
      out[write++] = red >> PRECISION_BITS;
      out[write++] = green >> PRECISION_BITS;
      out[write++] = blue >> PRECISION_BITS;
    }
  }
  return { data: new Uint8Array(out.buffer), width: outWidth, height };
}

/** @param firstRow where `image` begins in the input that `taps` speaks of */
function resampleColumns(
  { data, width }: Pixels,
  { first, count, weights, width: reach }: Taps,
  firstRow: number,
): Pixels {
  const stride = width * 3;
  const height = first.length;
  const out = new Uint8ClampedArray(height * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let k = 0; k < count[y]!; k++) {
      const weight = weights[y * reach + k]!;
      const read = (first[y]! + k - firstRow) * stride;
      for (let i = 0; i < stride; i++) sums[i] = sums[i]! + data[read + i]! * weight;
    }
    for (let i = 0; i < stride; i++) out[y * stride + i] = sums[i]! >> PRECISION_BITS;
  }
  return { data: new Uint8Array(out.buffer), width, height };
}
