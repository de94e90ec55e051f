/** Resizing and pooling of maps with channels last, as convolutions want them. */
import { adaptiveAveragePool, resizeBilinear } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import type { MapSize } from "../definition.js";

export const toChannelsLast = (maps: tf.Tensor4D): tf.Tensor4D => tf.transpose(maps, [0, 2, 3, 1]);
export const toChannelsFirst = (maps: tf.Tensor4D): tf.Tensor4D => tf.transpose(maps, [0, 3, 1, 2]);

/** Maps [N, H, W, C] → [N, height, width, C], bilinearly, as PyTorch's `interpolate` without aligned corners. */
export function resizeChannelsLast(maps: tf.Tensor4D, size: MapSize): tf.Tensor4D {
  const [, height, width] = maps.shape;
  if (size.height === height && size.width === width) return maps;
  return toChannelsLast(resizeBilinear(toChannelsFirst(maps), size));
}

/** Maps [N, H, W, C] → [N, min(cells, H), min(cells, W), C], by PyTorch's adaptive windows. */
export function poolChannelsLast(maps: tf.Tensor4D, cells: number): tf.Tensor4D {
  return toChannelsLast(adaptiveAveragePool(toChannelsFirst(maps), cells));
}

export function sizeOf({ shape: [, height, width] }: tf.Tensor4D): MapSize {
  return { height, width };
}
