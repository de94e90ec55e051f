import { ndarray, normals, uniforms } from "@difftap/core";
import { describe, expect, test } from "vitest";
import { augmentImages } from "../src/index.js";

const [n, channels, height, width] = [6, 3, 12, 16] as const;
const pixels = Uint8Array.from(
  uniforms({ seed: 1, stream: 1 }, n * channels * height * width),
  (each) => 256 * each,
);
const images = ndarray("uint8", [n, channels, height, width], pixels);
const samples = Uint32Array.from({ length: n }, (_, i) => 10 * i);
const base = { seed: 5, epoch: 2, samples };
const imageOf = ({ data }: { data: Uint8Array }, i: number) =>
  Array.from(data.subarray(i * channels * height * width, (i + 1) * channels * height * width));

describe("image augmentation", () => {
  test("of the whole area without flip changes nothing", () => {
    expect(augmentImages(images, { ...base, area: [1, 1], aspect: [4 / 3, 4 / 3], flip: 0 })).toEqual(images);
  });

  test("mirrors each row where it flips", () => {
    const { data } = augmentImages(images, { ...base, area: [1, 1], aspect: [4 / 3, 4 / 3], flip: 1 });
    const rows = Array.from({ length: n * channels * height }, (_, row) =>
      Array.from(pixels.subarray(row * width, (row + 1) * width)).reverse(),
    );
    expect(Array.from(data)).toEqual(rows.flat());
  });

  test("is addressed by seed, epoch and sample, not by the batch", () => {
    const views = augmentImages(images, base);
    const single = ndarray("uint8", [1, channels, height, width], Uint8Array.from(imageOf(images, 4)));
    expect(imageOf(augmentImages(single, { ...base, samples: [40] }), 0)).toEqual(imageOf(views, 4));
    expect(augmentImages(images, base)).toEqual(views);
    expect(augmentImages(images, { ...base, epoch: 3 })).not.toEqual(views);
    expect(augmentImages(images, { ...base, seed: 6 })).not.toEqual(views);
  });

  test("crops within the area asked for: a ramp keeps its slope times the crop's share", () => {
    const side = 100;
    const ramp = Uint8Array.from({ length: side * side }, (_, i) => 2 * (i % side));
    const many = 200;
    const batch = ndarray("uint8", [many, 1, side, side]);
    for (let i = 0; i < many; i++) batch.data.set(ramp, i * side * side);
    const { data } = augmentImages(batch, {
      ...base,
      samples: Array.from({ length: many }, (_, i) => i),
      area: [0.25, 0.25],
      aspect: [1, 1],
      flip: 0.5,
    });
    const slopes = Array.from({ length: many }, (_, i) => {
      const row = data.subarray(i * side * side, i * side * side + side);
      return (row[90]! - row[10]!) / 80;
    });
    for (const slope of slopes) expect(Math.abs(Math.abs(slope) - 1)).toBeLessThan(0.03);
    const mirrored = slopes.filter((slope) => slope < 0).length;
    expect(mirrored).toBeGreaterThan(70);
    expect(mirrored).toBeLessThan(130);
  });

  test("keeps the mean of noise", () => {
    const noise = normals({ seed: 3, stream: 1 }, pixels.length).map((each) => 128 + 20 * each);
    const { data } = augmentImages(ndarray("uint8", images.shape, Uint8Array.from(noise)), base);
    expect(data.reduce((sum, each) => sum + each, 0) / data.length).toBeCloseTo(128, -1);
  });

  test("refuses another number of indices", () => {
    expect(() => augmentImages(images, { ...base, samples: [1] })).toThrow(
      expect.objectContaining({ code: "USAGE_INVALID" }),
    );
  });
});
