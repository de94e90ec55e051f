/** The image as maps: every pixel is in exactly one place. */
import { ndarray } from "@difftap/core";
import { expect, test } from "vitest";
import { openPixelReader, pixelTaps } from "../src/compose/dense/pixel-reader.js";

test("patches of 1 and 2 pixels hold the image, channel by channel, rows of a patch before columns", async () => {
  const [height, width] = [4, 6];
  const images = ndarray(
    "uint8",
    [2, 3, height, width],
    Uint8Array.from({ length: 144 }, (_, i) => i),
  );
  const maps = await openPixelReader([1, 2]).read({ images, ids: ["a", "b"] }, 0);
  const pixel = (n: number, c: number, y: number, x: number) => ((n * 3 + c) * height + y) * width + x;
  expect(maps["pixels/s1"]!.shape).toEqual([2, 3, 4, 6]);
  expect(maps["pixels/s2"]!.shape).toEqual([2, 12, 2, 3]);
  for (const [n, c, y, x] of [
    [0, 0, 0, 0],
    [1, 2, 3, 5],
    [0, 1, 2, 3],
    [1, 0, 1, 4],
  ] as const) {
    const value = Math.fround(pixel(n, c, y, x) / 127.5 - 1);
    expect(maps["pixels/s1"]!.data[pixel(n, c, y, x)]).toBe(value);
    const channel = c * 4 + (y % 2) * 2 + (x % 2);
    const cell = ((n * 12 + channel) * 2 + Math.floor(y / 2)) * 3 + Math.floor(x / 2);
    expect(maps["pixels/s2"]!.data[cell]).toBe(value);
  }
});

test("taps say what the maps are", () => {
  const [fine, coarse] = pixelTaps([1, 4], { height: 16, width: 24 });
  expect(fine).toMatchObject({ name: "pixels/s1", channels: 3, height: 16, width: 24 });
  expect(coarse).toMatchObject({ name: "pixels/s4", channels: 48, height: 4, width: 6 });
});
