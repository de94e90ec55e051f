/**
 * Parameters combined before the graph runs, so that the graph does less: an affine map before or after a linear
 * one is part of it, and a 3×3 kernel over a doubled map is four 2×2 kernels over the map itself.
 */
import type { Build } from "./weight-layout.js";

/** Rows of kernel weights that see the same source pixel, for output row 2i (parity 0) and 2i + 1 (parity 1). */
const MERGED_TAPS = [
  [[0], [1, 2]],
  [[0, 1], [2]],
] as const;

export type Parity = 0 | 1;

/**
 * [scale; shift] = W·e + c under norm(h)·(1 + scale) + shift with norm's weight w and bias b, as one projection of e:
 * rows [w·(1 + scale); b·(1 + scale) + shift]. Sources: W [2C, E], w, b.
 */
export const foldProjectionWeight: Build = ([projection, weight, bias]) => {
  const channels = weight!.length;
  const width = projection!.length / (2 * channels);
  const folded = new Float32Array(projection!.length);
  for (let channel = 0; channel < channels; channel += 1) {
    const shiftRow = (channels + channel) * width;
    for (let column = 0; column < width; column += 1) {
      const scale = projection![channel * width + column]!;
      folded[channel * width + column] = weight![channel]! * scale;
      folded[shiftRow + column] = bias![channel]! * scale + projection![shiftRow + column]!;
    }
  }
  return folded;
};

/** The same for c. Sources: c [2C], w, b. */
export const foldProjectionBias: Build = ([offset, weight, bias]) => {
  const channels = weight!.length;
  const folded = new Float32Array(2 * channels);
  for (let channel = 0; channel < channels; channel += 1) {
    const factor = 1 + offset![channel]!;
    folded[channel] = weight![channel]! * factor;
    folded[channels + channel] = bias![channel]! * factor + offset![channels + channel]!;
  }
  return folded;
};

/** A pointwise kernel K over x·w + b: K·diag(w). Sources: K [O, I, 1, 1], w [I]. */
export const foldPointwiseWeight: Build = ([kernel, weight]) =>
  kernel!.map((value, index) => value * weight![index % weight!.length]!);

/** The same: c + K·b. Sources: c [O], K, b [I]. */
export const foldPointwiseBias: Build = ([offset, kernel, bias]) =>
  offset!.map((value, row) => {
    let sum = value;
    for (let column = 0; column < bias!.length; column += 1) {
      sum += kernel![row * bias!.length + column]! * bias![column]!;
    }
    return sum;
  });

/** The 2×2 kernel that gives outputs of one parity of row and column. Source: K [O, I, 3, 3]. */
export function foldDoubled(rowParity: Parity, columnParity: Parity): Build {
  return ([kernel]) => {
    const planes = kernel!.length / 9;
    const folded = new Float32Array(planes * 4);
    for (let plane = 0; plane < planes; plane += 1) {
      MERGED_TAPS[rowParity].forEach((rows, row) => {
        MERGED_TAPS[columnParity].forEach((columns, column) => {
          folded[plane * 4 + row * 2 + column] = tapSum(kernel!, plane, rows, columns);
        });
      });
    }
    return folded;
  };
}

function tapSum(kernel: Float32Array, plane: number, rows: readonly number[], columns: readonly number[]) {
  let sum = 0;
  for (const row of rows) for (const column of columns) sum += kernel[plane * 9 + row * 3 + column]!;
  return sum;
}
