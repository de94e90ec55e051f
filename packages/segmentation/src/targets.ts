/** What pixels show, as losses want it: label maps on the engine, one-hot, and which of their pixels count. */
import * as tf from "@tensorflow/tfjs-core";
import type { MapSize } from "./definition.js";

export interface PixelTargets {
  readonly size: MapSize;
  readonly classes: number;
  /** [N, height, width, classes]: 1 at a pixel's class; all 0 where it does not count. */
  readonly oneHot: tf.Tensor4D;
  /** [N, height, width]: 1 where a pixel counts, 0 where it is ignored. */
  readonly counted: tf.Tensor3D;
}

export interface LabelRange {
  readonly classes: number;
  /** The label of pixels that count nowhere. */
  readonly ignore: number;
}

/** Label maps [N, height, width] as targets. Labels are 0 … classes − 1, or `ignore`. Called inside a tidy. */
export function pixelTargets(labelMaps: tf.Tensor3D, { classes, ignore }: LabelRange): PixelTargets {
  const [, height, width] = labelMaps.shape;
  const counted = tf.cast(tf.notEqual(labelMaps, ignore), "float32") as tf.Tensor3D;
  const oneHot = tf.cast(tf.oneHot(tf.cast(labelMaps, "int32"), classes), "float32");
  const own = tf.mul(oneHot, tf.expandDims(counted, 3)) as tf.Tensor4D;
  return { size: { height, width }, classes, oneHot: own, counted };
}

/** The targets of a smaller or larger map, by the nearest pixel, as PyTorch's `interpolate` takes it: ⌊i·H/h⌋. */
export function resizeTargets(targets: PixelTargets, size: MapSize): PixelTargets {
  const { height, width } = targets.size;
  if (size.height === height && size.width === width) return targets;
  const [rows, columns] = [nearestPlaces(height, size.height), nearestPlaces(width, size.width)];
  const chosen = <T extends tf.Tensor>(map: T) => tf.gather(tf.gather(map, rows, 1), columns, 2);
  return { ...targets, size, oneHot: chosen(targets.oneHot), counted: chosen(targets.counted) };
}

function nearestPlaces(n: number, cells: number): tf.Tensor1D {
  const places = Int32Array.from({ length: cells }, (_, cell) => Math.floor((cell * n) / cells));
  return tf.tensor1d(places, "int32");
}
