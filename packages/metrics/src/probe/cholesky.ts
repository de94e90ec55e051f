/** Cholesky factor of a symmetric positive definite matrix, and division by it: what the preconditioner needs. */

/** Lower triangle L with L·Lᵀ = matrix [size, size], row-major, or undefined when the matrix is not positive definite. */
export function choleskyFactor(matrix: Float64Array, size: number): Float64Array | undefined {
  const factor = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = i * size;
    for (let j = 0; j < i; j++) {
      factor[row + j] = (matrix[row + j]! - rowProduct(factor, row, j * size, j)) / factor[j * size + j]!;
    }
    const rest = matrix[row + i]! - rowProduct(factor, row, row, i);
    if (!(rest > 0)) return undefined;
    factor[row + i] = Math.sqrt(rest);
  }
  return factor;
}

function rowProduct(factor: Float64Array, a: number, b: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += factor[a + k]! * factor[b + k]!;
  return sum;
}

/** Overwrites `vector` with (L·Lᵀ)⁻¹·vector. */
export function solveFactored(factor: Float64Array, vector: Float64Array): void {
  const size = vector.length;
  for (let i = 0; i < size; i++) {
    let sum = vector[i]!;
    for (let k = 0; k < i; k++) sum -= factor[i * size + k]! * vector[k]!;
    vector[i] = sum / factor[i * size + i]!;
  }
  // Lᵀ by rows of L: each known value is taken out of all that are still to come.
  for (let i = size - 1; i >= 0; i--) {
    const value = vector[i]! / factor[i * size + i]!;
    vector[i] = value;
    for (let k = 0; k < i; k++) vector[k]! -= value * factor[i * size + k]!;
  }
}
