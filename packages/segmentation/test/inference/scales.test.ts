import { ndarray } from "@difftap/core";
import { describe, expect, test } from "vitest";
import { inMultiplesOf, multiScale, type PredictImage } from "../../src/index.js";
import { difference, waves } from "../examples.js";
import { bilinear64 } from "../losses/reference.js";

const image = (height: number, width: number) =>
  ndarray("float32", [1, height, width], Float32Array.from(waves(height * width, 2)));

/** The image itself as a score, and how far to the right a pixel lies. */
const asSeen: PredictImage = async ({ shape: [, height, width], data }) => {
  const scores = ndarray("float32", [2, height!, width!]);
  scores.data.set(data);
  for (let i = 0; i < data.length; i++) scores.data[data.length + i] = i % width!;
  return scores;
};

const rowsOf = (data: ArrayLike<number>, height: number, width: number) =>
  Array.from({ length: height }, (_, y) => Array.from({ length: width }, (__, x) => data[y * width + x]!));

describe("several scales", () => {
  test("are predicted, resized back and averaged", async () => {
    const [height, width] = [6, 8];
    const given = image(height, width);
    const scales = [0.5, 1, 1.7];
    const found = await multiScale(asSeen, { scales, flip: false })(given);
    const planes = scales.map((scale) => {
      const [h, w] = [Math.round(height * scale), Math.round(width * scale)];
      return bilinear64(bilinear64(rowsOf(given.data, height, width), h, w), height, width).flat();
    });
    const expected = planes[0]!.map(
      (_, i) => planes.reduce((sum, plane) => sum + plane[i]!, 0) / scales.length,
    );
    expect(found.shape).toEqual([2, height, width]);
    expect(difference(found.data.subarray(0, height * width), expected)).toBeLessThan(1e-6);
  });

  test("with flips: what depends on the place is mirrored back, what is seen stays", async () => {
    const given = image(4, 5);
    const found = await multiScale(asSeen, { scales: [1], flip: true })(given);
    expect(difference(found.data.subarray(0, 20), given.data)).toBeLessThan(1e-6);
    expect(Array.from(found.data.subarray(20))).toEqual(Array(20).fill(2));
  });

  test("leave the image and the prediction's own scores alone", async () => {
    const given = image(3, 4);
    const before = given.data.slice();
    const own = ndarray("float32", [1, 3, 4], new Float32Array(12).fill(3));
    await multiScale(async () => own, { scales: [1], flip: true })(given);
    expect(given.data).toEqual(before);
    expect(Array.from(own.data)).toEqual(Array(12).fill(3));
  });

  test.each([[[]], [[1, 0]], [[-1]]])("%j are refused", (scales) => {
    expect(() => multiScale(asSeen, { scales, flip: false })).toThrow(
      expect.objectContaining({ code: "USAGE_INVALID" }),
    );
  });
});

describe("sides in multiples", () => {
  test("are reached by repeating the edge; scores are cut back", async () => {
    const given = image(5, 6);
    let seen: readonly number[] = [];
    const predict: PredictImage = async (larger) => {
      seen = larger.shape;
      const at = (y: number, x: number) => larger.data[y * 8 + x];
      for (const [y, x] of [
        [7, 7],
        [4, 7],
        [2, 6],
      ] as const) {
        expect(at(y, x)).toBe(given.data[Math.min(y, 4) * 6 + Math.min(x, 5)]);
      }
      return asSeen(larger);
    };
    const found = await inMultiplesOf(predict, 8)(given);
    expect(seen).toEqual([1, 8, 8]);
    expect(found.shape).toEqual([2, 5, 6]);
    expect(Array.from(found.data.subarray(0, 30))).toEqual(Array.from(given.data));
    expect(Array.from(found.data.subarray(30, 36))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("that are there already change nothing", async () => {
    const given = image(4, 8);
    expect(await inMultiplesOf(async (same) => same, 4)(given)).toBe(given);
  });

  test.each([0, 1.5, -2])("of %d are refused", (multiple) => {
    expect(() => inMultiplesOf(asSeen, multiple)).toThrow(expect.objectContaining({ code: "USAGE_INVALID" }));
  });
});
