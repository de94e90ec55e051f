/** Small images with objects, without drawing them. */
import { streams, uniforms } from "@difftap/core";
import type { HeadTap } from "@difftap/heads";
import { type Detector, type TrainingObject, targetMaker } from "../src/index.js";

export const image = { height: 64, width: 48 };

export function tapAt(stride: number, changed: Partial<HeadTap> = {}): HeadTap {
  const [height, width] = [image.height / stride, image.width / stride];
  return { name: `t50/s${stride}`, block: 9, timestep: 50, channels: 4, height, width, ...changed };
}

/** Boxes of all sizes whose centres lie in the image, some over its edge. */
export function objectsOf(count: number, seed: number, classes = 3): TrainingObject[] {
  return Array.from({ length: count }, (_, i) => {
    const draws = uniforms({ seed, stream: streams.scene, index: i }, 4);
    const [width, height] = [3 + 45 * draws[0]! ** 1.5, 3 + 45 * draws[1]! ** 1.5];
    const [left, top] = [image.width * draws[2]! - width / 2, image.height * draws[3]! - height / 2];
    return { label: i % classes, box: [left, top, width, height] };
  });
}

/** Strides 4, 8, 16 and one coarser. */
export const pyramidTaps = [tapAt(8), tapAt(4), tapAt(16, { channels: 6 })];

export function maker(spec: object, taps = pyramidTaps, classes = 3): Detector["targets"] {
  return targetMaker({ detector: "fcos", spec, taps, image, classes });
}

/** Rows, columns and strides of `pyramidTaps` with that many further levels. */
export function levelsOf(extra: number) {
  const levels = [4, 8, 16].map((stride) => ({
    stride,
    height: image.height / stride,
    width: image.width / stride,
  }));
  for (let i = 0; i < extra; i++) {
    const { stride, height, width } = levels.at(-1)!;
    levels.push({ stride: 2 * stride, height: Math.ceil(height / 2), width: Math.ceil(width / 2) });
  }
  return levels;
}
