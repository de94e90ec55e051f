/** Small inputs for tests of heads and layers. */
import * as tf from "@tensorflow/tfjs-core";
import type { Features, HeadTap } from "../src/index.js";

/** Numbers in ±1 without a pattern, the same at every call; another `salt` gives others. */
export function waves(count: number, salt = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(salt * (i + 1) ** 2 + i));
}

export function tapOf(place: Partial<HeadTap> = {}): HeadTap {
  const { block = 9, timestep = 90 } = place;
  const name = `t${timestep}/b${String(block).padStart(2, "0")}`;
  return { name, block, timestep, channels: 3, height: 4, width: 3, ...place };
}

export function mapsFor({ channels, height, width }: HeadTap, batch = 2, salt = 1): tf.Tensor4D {
  return tf.tensor4d(waves(batch * channels * height * width, salt), [batch, channels, height, width]);
}

export function featuresFor(taps: readonly HeadTap[], batch = 2): Features {
  return Object.fromEntries(taps.map((tap, index) => [tap.name, mapsFor(tap, batch, index + 1)]));
}

/** Largest difference over the largest expected value. */
export function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const values = Array.from(expected);
  const largest = Math.max(...values.map(Math.abs));
  return Math.max(...values.map((each, i) => Math.abs(each - found[i]!))) / (largest || 1);
}
