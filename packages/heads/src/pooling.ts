/** Adaptive average pooling with PyTorch's windows: cell i covers ⌊i·n/k⌋ … ⌈(i+1)·n/k⌉. */
import type * as tf from "@tensorflow/tfjs-core";
import { type Resampling, resample } from "./separable.js";

/** Cells per side, or rows and columns. */
export type Cells = number | readonly [rows: number, columns: number];

/** Rows and columns of a pooled map: more cells than the map has keep its size. */
export function pooledSize(
  { height, width }: { readonly height: number; readonly width: number },
  cells: Cells,
): { readonly height: number; readonly width: number } {
  const [rows, columns] = typeof cells === "number" ? [cells, cells] : cells;
  return { height: Math.min(rows, height), width: Math.min(columns, width) };
}

/**
 * Maps [N, C, H, W] → [N, C, min(rows, H), min(columns, W)].
 * More cells than the map has keep the map's size.
 */
export function adaptiveAveragePool(maps: tf.Tensor4D, cells: Cells): tf.Tensor4D {
  const [, , height, width] = maps.shape;
  const pooled = pooledSize({ height, width }, cells);
  if (pooled.height === height && pooled.width === width) return maps;
  return resample(maps, averaging(height, pooled.height), averaging(width, pooled.width));
}

/** Column i holds 1 / length over the window of cell i. */
function averaging(n: number, cells: number): Resampling {
  const weights = new Float32Array(n * cells);
  for (let cell = 0; cell < cells; cell++) {
    const start = Math.floor((cell * n) / cells);
    const end = Math.ceil(((cell + 1) * n) / cells);
    for (let place = start; place < end; place++) weights[place * cells + cell] = 1 / (end - start);
  }
  return { n, cells, weights };
}
