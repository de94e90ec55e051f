/** Cholesky factor of a symmetric positive definite matrix, and division by it: what the preconditioner needs. */

/**
 * Lower triangle L with L·Lᵀ = matrix + ridge·I, [size, size], row-major; undefined when that is not positive definite.
 * Takes size³/6 multiplications.
 */
export function choleskyFactor(matrix: Float64Array, size: number, ridge = 0): Float64Array | undefined {
  const factor = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = i * size;
    for (let j = 0; j < i; j++) {
      factor[row + j] =
        (matrix[row + j]! - product(factor, row, factor, j * size, j)) / factor[j * size + j]!;
    }
    const rest = matrix[row + i]! + ridge - product(factor, row, factor, row, i);
    if (!(rest > 0)) return undefined;
    factor[row + i] = Math.sqrt(rest);
  }
  return factor;
}

/** Of the `length` values from a[i] and b[j] on. */
function product(a: Float64Array, i: number, b: Float64Array, j: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += a[i + k]! * b[j + k]!;
  return sum;
}

/**
 * Overwrites each row of `rows` [count, size] with (L·Lᵀ)⁻¹·row. All rows together, because reading the factor is what takes the
 * time once it no longer fits a cache.
 */
export function solveFactored(factor: Float64Array, size: number, rows: Float64Array): void {
  for (let i = 0; i < size; i++) {
    for (let row = 0; row < rows.length; row += size) {
      rows[row + i] = (rows[row + i]! - product(factor, i * size, rows, row, i)) / factor[i * size + i]!;
    }
  }
  // Lᵀ by rows of L: each known value is taken out of all that are still to come.
  for (let i = size - 1; i >= 0; i--) {
    for (let row = 0; row < rows.length; row += size) {
      const value = rows[row + i]! / factor[i * size + i]!;
      rows[row + i] = value;
      for (let k = 0; k < i; k++) rows[row + k]! -= value * factor[i * size + k]!;
    }
  }
}
