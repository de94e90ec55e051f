/** Resizing as PyTorch's `interpolate(…, align_corners=False)` does it, in the modes "bilinear" and "bicubic". */
import type { ImageSize } from "@difftap/backbone";
import type * as tf from "@tensorflow/tfjs-core";
import { type Resampling, resample } from "./separable.js";

/** Maps [N, C, H, W] → [N, C, height, width]. */
export function resizeBilinear(maps: tf.Tensor4D, size: ImageSize): tf.Tensor4D {
  return resize(maps, size, linear);
}

/** The same by cubic convolution (Keys, 1981) with a = −0.75. */
export function resizeBicubic(maps: tf.Tensor4D, size: ImageSize): tf.Tensor4D {
  return resize(maps, size, cubic);
}

type Interpolating = (n: number, cells: number) => Resampling;

function resize(maps: tf.Tensor4D, { height, width }: ImageSize, along: Interpolating): tf.Tensor4D {
  const [, , rows, columns] = maps.shape;
  if (rows === height && columns === width) return maps;
  return resample(maps, along(rows, height), along(columns, width));
}

/** Result i lies at (i + ½)·n/cells − ½, kept inside the map, between its two neighbours. */
function linear(n: number, cells: number): Resampling {
  const weights = new Float32Array(n * cells);
  for (let cell = 0; cell < cells; cell++) {
    const place = Math.min(Math.max(((cell + 0.5) * n) / cells - 0.5, 0), n - 1);
    const before = Math.floor(place);
    const after = Math.min(before + 1, n - 1);
    weights[before * cells + cell]! += 1 - (place - before);
    weights[after * cells + cell]! += place - before;
  }
  return { n, cells, weights };
}

/** Result i lies there too, among its four neighbours; those outside are the map's first and last. */
function cubic(n: number, cells: number): Resampling {
  const weights = new Float32Array(n * cells);
  for (let cell = 0; cell < cells; cell++) {
    const place = ((cell + 0.5) * n) / cells - 0.5;
    const before = Math.floor(place);
    for (let neighbour = before - 1; neighbour <= before + 2; neighbour++) {
      const inside = Math.min(Math.max(neighbour, 0), n - 1);
      weights[inside * cells + cell]! += cubicWeight(Math.abs(place - neighbour));
    }
  }
  return { n, cells, weights };
}

/** PyTorch's; PIL takes −0.5. */
const KEYS = -0.75;

/** Of a neighbour so far away, at most 2. */
function cubicWeight(distance: number): number {
  if (distance <= 1) return ((KEYS + 2) * distance - (KEYS + 3)) * distance ** 2 + 1;
  return ((KEYS * distance - 5 * KEYS) * distance + 8 * KEYS) * distance - 4 * KEYS;
}
