/** What is compared with: numbers without a pattern, float64, gradients by central differences. */

/** Numbers in ±1, the same at every call; another `salt` gives others. */
export function waves(count: number, salt = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(salt * (i + 1) ** 2 + i));
}

/** Largest difference over the largest expected value. */
export function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const values = Array.from(expected);
  const largest = Math.max(...values.map(Math.abs));
  return Math.max(...values.map((each, i) => Math.abs(each - found[i]!))) / (largest || 1);
}

/** Gradient of Σ dy·f(x): every element of x moved a little both ways. */
export function numericGradient(
  f: (x: Float64Array) => ArrayLike<number>,
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
): number[] {
  const step = 1e-6;
  const moved = (index: number, by: number) => {
    const copy = Float64Array.from(x);
    copy[index]! += by;
    return Array.from(f(copy)).reduce((sum, each, i) => sum + each * dy[i]!, 0);
  };
  return Array.from(x, (_, index) => (moved(index, step) - moved(index, -step)) / (2 * step));
}

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
