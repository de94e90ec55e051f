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
  const first = down.first[0]!;
  const last = down.first[window.height - 1]! + down.count[window.height - 1]!;
  const rows = resampleRows(image, across, first, last, window.width);
  const data = resampleColumns(rows, down, first, window.width, window.height);
  return { data, width: window.width, height: window.height };
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

function resampleRows(
  { data, width }: Pixels,
  taps: Taps,
  firstRow: number,
  lastRow: number,
  outWidth: number,
): Uint8Array {
  const out = new Uint8ClampedArray((lastRow - firstRow) * outWidth * 3);
  let write = 0;
  for (let row = firstRow; row < lastRow; row++) {
    for (let x = 0; x < outWidth; x++) {
      const weight = x * taps.width;
      const end = weight + taps.count[x]!;
      let read = (row * width + taps.first[x]!) * 3;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (let k = weight; k < end; k++, read += 3) {
        const w = taps.weights[k]!;
        red += data[read]! * w;
        green += data[read + 1]! * w;
        blue += data[read + 2]! * w;
      }
      out[write++] = red >> PRECISION_BITS;
      out[write++] = green >> PRECISION_BITS;
      out[write++] = blue >> PRECISION_BITS;
    }
  }
  return new Uint8Array(out.buffer);
}

function resampleColumns(
  rows: Uint8Array,
  taps: Taps,
  firstRow: number,
  width: number,
  height: number,
): Uint8Array {
  const stride = width * 3;
  const out = new Uint8ClampedArray(height * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let k = 0; k < taps.count[y]!; k++) {
      const w = taps.weights[y * taps.width + k]!;
      const read = (taps.first[y]! + k - firstRow) * stride;
      for (let i = 0; i < stride; i++) sums[i] = sums[i]! + rows[read + i]! * w;
    }
    for (let i = 0; i < stride; i++) out[y * stride + i] = sums[i]! >> PRECISION_BITS;
  }
  return new Uint8Array(out.buffer);
}
