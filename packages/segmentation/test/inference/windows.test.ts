import { ndarray } from "@difftap/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { labelMapOf, type PredictImage, slidingWindow, type Window, windowsOver } from "../../src/index.js";
import { difference, waves } from "../examples.js";

const image = (channels: number, height: number, width: number, salt = 1) =>
  ndarray("float32", [channels, height, width], Float32Array.from(waves(channels * height * width, salt)));

/** Two classes by the sign of a pixel's first channel, and its square: knows nothing of its neighbours. */
const byPixel: PredictImage = async ({ shape: [, height, width], data }) => {
  const pixels = height! * width!;
  const scores = ndarray("float32", [2, height!, width!]);
  for (let i = 0; i < pixels; i++) {
    scores.data[i] = Math.max(0, data[i]!);
    scores.data[pixels + i] = Math.max(0, -data[i]!) + data[pixels + i]! ** 2;
  }
  return scores;
};

/** Says which call it was and where in its window a pixel lies. */
function counting(): PredictImage {
  let calls = 0;
  return async ({ shape: [, height, width] }) => {
    const scores = ndarray("float32", [1, height!, width!]);
    scores.data.forEach((_, i) => {
      scores.data[i] = 100 * calls + i;
    });
    calls += 1;
    return scores;
  };
}

const laid = fc.record({
  height: fc.integer({ min: 1, max: 23 }),
  width: fc.integer({ min: 1, max: 23 }),
  window: fc.integer({ min: 1, max: 11 }),
  other: fc.integer({ min: 1, max: 11 }),
  stride: fc.integer({ min: 1, max: 11 }),
  across: fc.integer({ min: 1, max: 11 }),
});
type Laid = typeof laid extends fc.Arbitrary<infer T> ? T : never;

const optionsOf = ({ window, other, stride, across }: Laid) => ({
  window: { height: window, width: other },
  stride: { height: Math.min(stride, window), width: Math.min(across, other) },
});

describe("windows", () => {
  test("lie inside the image, have one size, cover every pixel, and no two are one", () => {
    fc.assert(
      fc.property(laid, (given) => {
        const { height, width } = given;
        const windows = windowsOver({ height, width }, optionsOf(given));
        const sizes = new Set(windows.map((each) => `${each.height}×${each.width}`));
        expect(sizes.size).toBe(1);
        const places = new Set(windows.map(({ top, left }) => `${top} ${left}`));
        expect(places.size).toBe(windows.length);
        const inside = ({ top, left, height: h, width: w }: Window) =>
          top >= 0 && left >= 0 && top + h <= height && left + w <= width;
        expect(windows.every(inside)).toBe(true);
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            expect(windows.some((each) => covers(each, y, x))).toBe(true);
          }
        }
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  test("are mmsegmentation's: those at the edge are moved back", () => {
    const options = { window: { height: 4, width: 4 }, stride: { height: 3, width: 4 } };
    const places = windowsOver({ height: 9, width: 6 }, options).map(({ top, left }) => [top, left]);
    expect(places).toEqual([
      [0, 0],
      [0, 2],
      [3, 0],
      [3, 2],
      [5, 0],
      [5, 2],
    ]);
  });

  test("larger than the image are the image", () => {
    const options = { window: { height: 64, width: 3 }, stride: { height: 32, width: 3 } };
    expect(windowsOver({ height: 5, width: 6 }, options)).toEqual([
      { top: 0, left: 0, height: 5, width: 3 },
      { top: 0, left: 3, height: 5, width: 3 },
    ]);
  });

  test.each([
    [4, 5],
    [4, 0],
    [0, 1],
    [4.5, 2],
  ])("of %d every %d are refused", (side, step) => {
    const options = { window: { height: side, width: 8 }, stride: { height: step, width: 8 } };
    expect(() => slidingWindow(byPixel, options)).toThrow(expect.objectContaining({ code: "USAGE_INVALID" }));
  });
});

describe("scores of windows", () => {
  test("that look at single pixels are those of the whole image", async () => {
    await fc.assert(
      fc.asyncProperty(laid, async (given) => {
        const whole = image(2, given.height, given.width);
        const found = await slidingWindow(byPixel, optionsOf(given))(whole);
        const expected = await byPixel(whole);
        expect(found.shape).toEqual(expected.shape);
        expect(difference(found.data, expected.data)).toBeLessThan(1e-6);
      }),
      { seed: 6, numRuns: 60 },
    );
  });

  test("are averaged over exactly the windows that cover a pixel", async () => {
    const options = { window: { height: 4, width: 5 }, stride: { height: 2, width: 3 } };
    const size = { height: 9, width: 12 };
    const found = await slidingWindow(counting(), options)(image(1, size.height, size.width));
    const windows = windowsOver(size, options);
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        const said = windows.flatMap((each, call) =>
          covers(each, y, x) ? [100 * call + (y - each.top) * each.width + (x - each.left)] : [],
        );
        const mean = said.reduce((a, b) => a + b) / said.length;
        expect(found.data[y * size.width + x]).toBeCloseTo(mean, 3);
      }
    }
  });

  test("of another size than the window are refused", async () => {
    const shrinking: PredictImage = async () => ndarray("float32", [2, 2, 2]);
    const options = { window: { height: 4, width: 4 }, stride: { height: 4, width: 4 } };
    await expect(slidingWindow(shrinking, options)(image(1, 8, 8))).rejects.toThrow(/2×2 .* 4×4/);
    await expect(slidingWindow(byPixel, options)(ndarray("float32", [8, 8]))).rejects.toThrow(/no image/);
  });

  test("become the label map of the image", async () => {
    const whole = image(2, 7, 9, 3);
    const options = { window: { height: 4, width: 4 }, stride: { height: 3, width: 3 } };
    const { height, width, data } = labelMapOf(await slidingWindow(byPixel, options)(whole));
    const scores = await byPixel(whole);
    expect([height, width]).toEqual([7, 9]);
    expect(Array.from(data)).toEqual(
      Array.from({ length: 63 }, (_, i) => (scores.data[63 + i]! > scores.data[i]! ? 1 : 0)),
    );
  });
});

function covers({ top, left, height, width }: Window, y: number, x: number): boolean {
  return y >= top && y < top + height && x >= left && x < left + width;
}
