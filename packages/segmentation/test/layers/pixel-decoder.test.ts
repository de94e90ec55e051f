import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createLevelFusion, createPixelDecoder, resizeChannelsLast } from "../../src/index.js";
import { levelsOf } from "../../src/layers/tap-levels.js";
import { tapOf, tensor4d, waves } from "../examples.js";

beforeAll(() => start("cpu"));

const fine = tapOf(9, { height: 8, width: 12, channels: 5 });
const middle = tapOf(7, { height: 4, width: 6 });
const coarse = [tapOf(5, { height: 2, width: 3, channels: 4 }), tapOf(6, { height: 2, width: 3 })];
const size = { width: 8, poolScales: [1, 2], inputNorm: "batch", norm: "group", groups: 4, seed: 1 } as const;

const mapsFor = (taps: readonly ReturnType<typeof tapOf>[], larger = 1) =>
  new Map(
    taps.map(({ name, channels, height, width }, index) => {
      const shape: [number, number, number, number] = [2, channels, height * larger, width * larger];
      const values = waves(
        shape.reduce((a, b) => a * b),
        index + 1,
      );
      return [name, tensor4d(values, shape)] as const;
    }),
  );

describe("levels", () => {
  test("are taps by size, fine to coarse, by log2 of the side", () => {
    const levels = levelsOf([coarse[0]!, fine, coarse[1]!, middle]);
    expect(levels.map(({ level }) => level)).toEqual([0, 1, 2]);
    expect(levels.map(({ taps }) => taps.map(({ name }) => name))).toEqual([
      [fine.name],
      [middle.name],
      coarse.map(({ name }) => name),
    ]);
  });

  test.each([
    ["none", []],
    ["twice", [fine, middle, fine]],
    ["8×12 and t90/b8 of 12×8", [fine, tapOf(8, { height: 12, width: 8 })]],
  ])("refuse taps: %s", (message, taps) => {
    expect(() => levelsOf(taps)).toThrow(
      expect.objectContaining({ code: "REQUEST_INVALID", message: expect.stringContaining(message) }),
    );
  });
});

describe("the pixel decoder", () => {
  test("gives a map for each size, in any order of its taps and for images of another size", () => {
    const taps = [coarse[1]!, fine, middle, coarse[0]!];
    const decoder = createPixelDecoder("decoder", { ...size, taps });
    expect(decoder.levels).toBe(3);
    for (const larger of [1, 2]) {
      const shapes = decoder
        .forward(mapsFor(taps, larger), { training: false })
        .map(({ shape }) => shape.slice(1, 3));
      expect(shapes).toEqual(
        [
          [8, 12],
          [4, 6],
          [2, 3],
        ].map((sides) => sides.map((side) => side * larger)),
      );
    }
  });

  test("what is coarse reaches the finest map from everywhere, through pyramid pooling", () => {
    const taps = [fine, coarse[0]!];
    const decoder = createPixelDecoder("decoder", { ...size, inputNorm: "none", taps });
    const maps = mapsFor(taps);
    const changed = new Map(maps);
    const spike = tf.buffer([2, 4, 2, 3]);
    spike.set(5, 0, 1, 1, 2);
    changed.set(coarse[0]!.name, tf.add(maps.get(coarse[0]!.name)!, spike.toTensor()) as tf.Tensor4D);
    const finest = (given: typeof maps) => decoder.forward(given, { training: false })[0]!;
    const moved = tf.sum(tf.abs(tf.sub(finest(changed), finest(maps))), 3).arraySync() as number[][][];
    expect(moved[0]!.flat().every((each) => each > 0)).toBe(true);
    expect(moved[1]!.flat().every((each) => each === 0)).toBe(true);
  });

  test("standardised inputs make a tap's scale and offset meaningless, unnormed ones do not", () => {
    const change = (inputNorm: "batch" | "none") => {
      const decoder = createPixelDecoder("decoder", { ...size, inputNorm, taps: [fine, middle] });
      const maps = mapsFor([fine, middle]);
      const scaled = new Map(maps);
      scaled.set(fine.name, tf.add(tf.mul(maps.get(fine.name)!, 100), 30));
      const run = (given: typeof maps) => decoder.forward(given, { training: true })[0]!;
      return tf.max(tf.abs(tf.sub(run(maps), run(scaled)))).dataSync()[0]!;
    };
    expect(change("batch")).toBeLessThan(1e-3);
    expect(change("none")).toBeGreaterThan(0.1);
  });

  test("groups that do not divide the width are refused", () => {
    expect(() => createPixelDecoder("decoder", { ...size, groups: 3, taps: [fine] })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });
});

test("fusion takes every level at the finest size", () => {
  const fusion = createLevelFusion("fusion", { levels: 2, width: 4, norm: "batch", groups: 1, seed: 2 });
  const levels = [
    tensor4d(waves(2 * 4 * 6 * 4), [2, 4, 6, 4]),
    tensor4d(waves(2 * 2 * 3 * 4, 2), [2, 2, 3, 4]),
  ];
  const found = fusion.forward(levels, { training: false });
  const sized = [levels[0]!, resizeChannelsLast(levels[1]!, { height: 4, width: 6 })];
  expect(found.shape).toEqual([2, 4, 6, 4]);
  expect(Array.from(fusion.forward(sized, { training: false }).dataSync())).toEqual(
    Array.from(found.dataSync()),
  );
});
