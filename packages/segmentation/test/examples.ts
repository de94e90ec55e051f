/** Small inputs for tests of segmenters and their layers. */
import type { HeadTap } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";

/** Numbers in ±1 without a pattern, the same at every call; another `salt` gives others. */
export function waves(count: number, salt = 1): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => Math.sin(salt * (i + 1) ** 2 + i));
}

export function tapOf(block: number, size: Partial<HeadTap> = {}): HeadTap {
  return { name: `t90/b${block}`, block, timestep: 90, channels: 6, height: 4, width: 5, ...size };
}

export function tensor4d(values: ArrayLike<number>, shape: [number, number, number, number]): tf.Tensor4D {
  return tf.tensor4d(Float32Array.from(values), shape);
}

/** Largest difference over the largest expected value. */
export function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const values = Array.from(expected);
  const largest = Math.max(...values.map(Math.abs));
  return Math.max(...values.map((each, i) => Math.abs(each - found[i]!))) / (largest || 1);
}

/** Gradient of f: every element of x moved a little both ways. */
export function numericGradient(f: (x: Float64Array) => number, x: Float64Array, step = 1e-5): number[] {
  const moved = (index: number, by: number) => {
    const copy = x.slice();
    copy[index]! += by;
    return f(copy);
  };
  return Array.from(x, (_, index) => (moved(index, step) - moved(index, -step)) / (2 * step));
}
