/** Maps read at several scales of a canvas, and the images that are resized for it. */
import { type BackboneRuntime, blockTable, type TapSession } from "@difftap/backbone";
import { ndarray } from "@difftap/core";
import { describeTap, type HeadTap } from "@difftap/heads";
import { describe, expect, test } from "vitest";
import { openMapReader } from "../src/compose/dense/map-reader.js";
import { resizeImages } from "../src/compose/dense/resize-images.js";
import { scaled } from "../src/compose/image-arrays.js";
import { noiseOf } from "../src/compose/noise.js";
import { smallArchitecture } from "./world.js";

const waves = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * i + i));

/** One plane in float64: the mean of all cells under a triangle as wide as an output cell, or as an input cell where that is wider. */
function resized64(plane: ArrayLike<number>, [h, w]: number[], [rows, columns]: number[]): number[] {
  const share = (n: number, cells: number, cell: number, place: number) => {
    const reach = Math.max(1, n / cells);
    const weight = (at: number) => Math.max(0, 1 - Math.abs(at + 0.5 - ((cell + 0.5) * n) / cells) / reach);
    return weight(place) / Array.from({ length: n }, (_, at) => weight(at)).reduce((sum, each) => sum + each);
  };
  return Array.from({ length: rows! * columns! }, (_, at) => {
    let sum = 0;
    for (let cell = 0; cell < h! * w!; cell++) {
      const down = share(h!, rows!, Math.floor(at / columns!), Math.floor(cell / w!));
      sum += down * share(w!, columns!, at % columns!, cell % w!) * plane[cell]!;
    }
    return sum;
  });
}

describe("images resized", () => {
  test.each([
    [
      [6, 8],
      [3, 4],
    ],
    [
      [6, 8],
      [9, 12],
    ],
    [
      [7, 5],
      [5, 9],
    ],
    [
      [4, 4],
      [1, 1],
    ],
  ])("from %j to %j are the float64 reference's", (from, to) => {
    const length = from[0]! * from[1]!;
    const images = ndarray("float32", [1, 2, from[0]!, from[1]!], waves(2 * length));
    const found = resizeImages(images, { height: to[0]!, width: to[1]! });
    expect(found.shape).toEqual([1, 2, ...to]);
    const expected = [0, 1].flatMap((plane) => resized64(images.data.subarray(plane * length), from, to));
    expected.forEach((value, i) => {
      expect(found.data[i]).toBeCloseTo(value, 5);
    });
  });

  test("stay pixels, rounded, where they are pixels", () => {
    const images = ndarray("uint8", [1, 1, 2, 2], Uint8Array.of(255, 255, 250, 251));
    expect(resizeImages(images, { height: 1, width: 1 })).toEqual(
      ndarray("uint8", [1, 1, 1, 1], Uint8Array.of(253)),
    );
    const even = ndarray("uint8", [2, 3, 4, 6], new Uint8Array(144).fill(77));
    expect(new Set(resizeImages(even, { height: 7, width: 3 }).data)).toEqual(new Set([77]));
  });
});

describe("a reader of maps at several scales", () => {
  const blocks = blockTable(smallArchitecture);
  /** Gives the images themselves, plus a tenth of their noise. */
  const runtime: BackboneRuntime = {
    ...{ name: "echo", architecture: smallArchitecture, blocks, weightsDigest: "0".repeat(64) },
    prepare: async (taps) => {
      const session: TapSession = {
        ...{ taps, concurrency: 1, close: async () => {} },
        run: async ({ images, noise }) => {
          const data = scaled(images).data.map((value, i) => value + 0.1 * (noise?.data[i] ?? 0));
          return taps.map(() => ndarray("float32", images.shape, data));
        },
      };
      return session;
    },
    close: async () => {},
  };
  const canvas = { height: 8, width: 12 };
  const half = { height: 4, width: 6 };
  const tapAt = (size: typeof canvas, timestep: HeadTap["timestep"] = 20) =>
    describeTap(blocks, { block: 1, timestep, pool: "map", size, other: size !== canvas });
  const images = ndarray(
    "uint8",
    [2, 3, 8, 12],
    Uint8Array.from({ length: 576 }, (_, i) => (i * i) % 256),
  );
  const ids = ["one", "two"];

  test("reads each size from the canvas resized to it, with noise of its own", async () => {
    const reader = openMapReader({
      runtime,
      taps: [tapAt(canvas), tapAt(half), tapAt(half, "clean")],
      canvas,
    });
    const maps = await reader.read({ images, ids }, 7);
    expect(Object.keys(maps).sort()).toEqual(["clean/b01@4x6", "t20/b01", "t20/b01@4x6"]);
    const plain = await openMapReader({ runtime, taps: [tapAt(canvas)] }).read({ images, ids }, 7);
    expect(maps["t20/b01"]).toEqual(plain["t20/b01"]);
    const small = scaled(resizeImages(images, half));
    expect(maps["clean/b01@4x6"]).toEqual(small);
    const noise = noiseOf(small.shape, ["one@4x6", "two@4x6"], { timestep: 20, seed: 7 });
    const expected = small.data.map((value, i) => value + 0.1 * noise.data[i]!);
    expect(maps["t20/b01@4x6"]!.data).toEqual(expected);
    await reader.close();
  });

  test("resizes images of another size as much as the canvas, and says which sides that can be", async () => {
    const taps = [tapAt(canvas), tapAt({ height: 6, width: 9 }), tapAt({ height: 16, width: 24 })];
    const reader = openMapReader({ runtime, taps, canvas });
    // Sides of 2 for the network; three quarters of them must be such too.
    expect(reader.multiple).toBe(8);
    const larger = ndarray("uint8", [1, 3, 16, 8]);
    const maps = await reader.read({ images: larger, ids: ["one"] }, 7);
    expect(Object.values(maps).map(({ shape }) => shape.slice(2))).toEqual([
      [16, 8],
      [12, 6],
      [32, 16],
    ]);
  });

  test("wants to know the canvas", () => {
    expect(() => openMapReader({ runtime, taps: [tapAt(half)] })).toThrow(
      expect.objectContaining({ code: "USAGE_INVALID", message: expect.stringMatching(/t20\/b01@4x6/) }),
    );
  });
});
