/** Bilinear resizing as PyTorch's `interpolate(…, mode="bilinear", align_corners=False)` does it. */
import type * as tf from "@tensorflow/tfjs-core";
import { type Resampling, resample } from "./separable.js";

/** Maps [N, C, H, W] → [N, C, height, width]. */
export function resizeBilinear(
  maps: tf.Tensor4D,
  { height, width }: { readonly height: number; readonly width: number },
): tf.Tensor4D {
  const [, , rows, columns] = maps.shape;
  if (rows === height && columns === width) return maps;
  return resample(maps, interpolating(rows, height), interpolating(columns, width));
}

/** Result i lies at (i + ½)·n/cells − ½, kept inside the map, between its two neighbours. */
function interpolating(n: number, cells: number): Resampling {
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
