import { describeEngines, start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createDetector, defineFcos, defineNeck, necks, strideOf } from "../src/index.js";
import { difference, waves } from "./float64.js";
import { image, tapAt } from "./scenes.js";

const neckNamed = (name: string) => necks.find((each) => each.name === name)!;

function mapsOf(taps: readonly ReturnType<typeof tapAt>[], batch = 2) {
  return new Map(
    taps.map(({ name, channels, height, width }, index) => {
      const shape: [number, number, number, number] = [batch, channels, height, width];
      return [name, tf.tensor4d(waves(batch * channels * height * width, index + 1), shape)] as const;
    }),
  );
}

describe("fpn", () => {
  beforeAll(() => start("cpu"));
  const fpn = neckNamed("fpn");

  test("has a level per stride of its taps, fine to coarse, and coarser ones rounded up", () => {
    const taps = [tapAt(16), tapAt(4), tapAt(4, { name: "again" })];
    expect(fpn.levels({ spec: { width: 8, extraLevels: 3 }, taps, image })).toEqual([
      { stride: 4, height: 16, width: 12 },
      { stride: 16, height: 4, width: 3 },
      { stride: 32, height: 2, width: 2 },
      { stride: 64, height: 1, width: 1 },
      { stride: 128, height: 1, width: 1 },
    ]);
  });

  test("gives maps of these sizes; the second extra one is made of the first after a ReLU", async () => {
    const taps = [tapAt(8), tapAt(4)];
    const context = { spec: { width: 6, extraLevels: 2 }, taps, image };
    const neck = fpn.build({ ...context, seed: 1 });
    const maps = neck.forward(mapsOf(taps), { training: false });
    expect(neck.width).toBe(6);
    expect(maps.map(({ shape }) => shape)).toEqual(
      fpn.levels(context).map(({ height, width }) => [2, height, width, 6]),
    );
    const first = await maps[2]!.data();
    const weight = await neck.variables.get("neck.extra.1.weight")!.data();
    const bias = await neck.variables.get("neck.extra.1.bias")!.data();
    const last = await maps[3]!.data();
    const [, rows, columns] = maps[2]!.shape;
    const [, height, width] = maps[3]!.shape;
    const expected = Array.from(last, (_, index) => {
      const [output, x] = [index % 6, Math.floor(index / 6) % width];
      const [y, sample] = [Math.floor(index / 6 / width) % height, Math.floor(index / 6 / width / height)];
      let sum = bias[output]!;
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const [row, column] = [2 * y + dy, 2 * x + dx];
          if (row < 0 || column < 0 || row >= rows || column >= columns) continue;
          for (let input = 0; input < 6; input++) {
            const value = first[((sample * rows + row) * columns + column) * 6 + input]!;
            sum += weight[((output * 6 + input) * 3 + dy + 1) * 3 + dx + 1]! * Math.max(0, value);
          }
        }
      }
      return sum;
    });
    expect(difference(last, expected)).toBeLessThan(1e-5);
  });

  test("refuses maps whose cells are not square, and no tap", () => {
    const spec = { width: 8, extraLevels: 0 };
    const pooled = tapAt(8, { height: 4, width: 4 });
    expect(() => fpn.levels({ spec, taps: [pooled], image })).toThrow(
      expect.objectContaining({
        code: "REQUEST_INVALID",
        message: "tap t50/s8 has 4×4 cells for an image of 64×48: they are not square",
      }),
    );
    expect(() => fpn.levels({ spec, taps: [], image })).toThrow(/at least one tap/);
  });
});

/** ConvTranspose2d of kernel and stride 2: every input adds to its own block. */
function doubled(map: Map64, weight: ArrayLike<number>, bias: ArrayLike<number>): Map64 {
  const [n, h, w, inputs] = map.shape;
  const outputs = bias.length;
  const data = new Float64Array(n * h * 2 * w * 2 * outputs);
  for (let i = 0; i < data.length; i++) data[i] = bias[i % outputs]!;
  for (let place = 0; place < n * h * w; place++) {
    const [x, y] = [place % w, Math.floor(place / w) % h];
    const sample = Math.floor(place / w / h);
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) {
        for (let corner = 0; corner < 4; corner++) {
          const row = 2 * y + Math.floor(corner / 2);
          const at = ((sample * 2 * h + row) * 2 * w + 2 * x + (corner % 2)) * outputs + output;
          const factor = weight[(input * outputs + output) * 4 + corner]!;
          data[at]! += map.data[place * inputs + input]! * factor;
        }
      }
    }
  }
  return { shape: [n, 2 * h, 2 * w, outputs], data };
}

interface Map64 {
  readonly shape: readonly [number, number, number, number];
  readonly data: Float64Array;
}

/** LayerNorm over the channels, with ones and zeros. */
function normed({ shape, data }: Map64): Map64 {
  const channels = shape[3];
  const result = Float64Array.from(data, (each, i) => {
    const first = i - (i % channels);
    const values = data.subarray(first, first + channels);
    const mean = values.reduce((sum, value) => sum + value, 0) / channels;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / channels;
    return (each - mean) / Math.sqrt(variance + 1e-5);
  });
  return { shape, data: result };
}

/** The error function by its series, good to 1e-12 for what comes here. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function convolved({ shape: [n, h, w, c], data }: Map64, weight: ArrayLike<number>, side: number): Map64 {
  const outputs = weight.length / c / side / side;
  const half = (side - 1) / 2;
  const result = new Float64Array(n * h * w * outputs);
  for (let i = 0; i < result.length; i++) {
    const [output, place] = [i % outputs, Math.floor(i / outputs)];
    const [x, y, sample] = [place % w, Math.floor(place / w) % h, Math.floor(place / w / h)];
    for (let k = 0; k < c * side * side; k++) {
      const [input, row, column] = [
        Math.floor(k / side / side),
        y + (Math.floor(k / side) % side) - half,
        x + (k % side) - half,
      ];
      if (row < 0 || column < 0 || row >= h || column >= w) continue;
      result[i]! +=
        weight[output * c * side * side + k]! * data[((sample * h + row) * w + column) * c + input]!;
    }
  }
  return { shape: [n, h, w, outputs], data: result };
}

/** The largest of each block. */
function pooled({ shape: [n, h, w, c], data }: Map64, side: number): Map64 {
  const [height, width] = [Math.floor(h / side), Math.floor(w / side)];
  const result = new Float64Array(n * height * width * c).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < data.length; i++) {
    const [channel, place] = [i % c, Math.floor(i / c)];
    const [x, y, sample] = [place % w, Math.floor(place / w) % h, Math.floor(place / w / h)];
    const [row, column] = [Math.floor(y / side), Math.floor(x / side)];
    if (row >= height || column >= width) continue;
    const at = ((sample * height + row) * width + column) * c + channel;
    result[at] = Math.max(result[at]!, data[i]!);
  }
  return { shape: [n, height, width, c], data: result };
}

describeEngines("simple pyramid on", () => {
  const simple = neckNamed("simple-pyramid");
  const tap = tapAt(16, { channels: 6 });
  const scales = [4, 2, 1, 0.5];
  const context = { spec: { width: 5, scales }, taps: [tap], image };

  test("doubles, keeps and pools one tap as float64 does", async () => {
    const neck = simple.build({ ...context, seed: 2 });
    const input = mapsOf([tap]);
    const found = neck.forward(input, { training: false });
    expect(found.map(({ shape }) => shape)).toEqual(
      simple.levels(context).map(({ height, width }) => [2, height, width, 5]),
    );
    const read = new Map<string, ArrayLike<number>>();
    for (const [name, variable] of neck.variables) read.set(name, await variable.data());
    const last = tf.transpose(input.get(tap.name)!, [0, 2, 3, 1]);
    const map: Map64 = { shape: last.shape, data: Float64Array.from(await last.data()) };
    const double = (name: string, given: Map64) =>
      doubled(given, read.get(`${name}.weight`)!, read.get(`${name}.bias`)!);
    const gelu = ({ shape, data }: Map64): Map64 => ({
      shape,
      data: data.map((x) => (x * (1 + erf(x / Math.SQRT2))) / 2),
    });
    const resized = [
      double("neck.0.resize.2", gelu(normed(double("neck.0.resize.0", map)))),
      double("neck.1.resize.0", map),
      map,
      pooled(map, 2),
    ];
    for (const [index, each] of resized.entries()) {
      const projected = normed(convolved(each, read.get(`neck.${index}.project.weight`)!, 1));
      const expected = normed(convolved(projected, read.get(`neck.${index}.output.weight`)!, 3));
      expect(difference(await found[index]!.data(), expected.data)).toBeLessThan(1e-4);
    }
  });
});

describe("simple pyramid", () => {
  const simple = neckNamed("simple-pyramid");
  const spec = { width: 4, scales: [1, 0.25] };

  test("refuses several taps, and scales that leave nothing", () => {
    expect(() => simple.levels({ spec, taps: [tapAt(8), tapAt(16)], image })).toThrow(
      expect.objectContaining({
        message: "the simple pyramid reads one tap, given: t50/s8, t50/s16",
        hint: "several taps go into the neck fpn",
      }),
    );
    const tiny = tapAt(16, { height: 4, width: 3 });
    expect(() => simple.levels({ spec, taps: [tiny], image })).toThrow(/4×3, at scale 0.25/);
  });

  test("takes scales that fall, and no others", () => {
    const scalesOf = (scales: number[]) => simple.spec.safeParse({ scales }).success;
    expect(scalesOf([2, 1])).toBe(true);
    expect([[1, 2], [1, 1], [3], []].map(scalesOf)).toEqual([false, false, false, false]);
  });
});

test("a neck of one's own goes into the detector by its name", async () => {
  await start("cpu");
  const projected = defineNeck({
    name: "projected",
    spec: z.strictObject({ width: z.int().positive().default(4) }),
    levels: ({ taps: [tap], image: size }) => {
      const { height, width } = tap!;
      return [{ stride: strideOf(tap!, size), height, width }];
    },
    build({ spec: { width }, taps: [tap] }) {
      const variable = tf.tidy(() => tf.variable(tf.ones([tap!.channels, width])));
      return {
        variables: new Map([["neck.weight", variable]]),
        width,
        forward: (maps) => {
          const map = tf.transpose(maps.get(tap!.name)!, [0, 2, 3, 1]);
          const rows = tf.matMul(tf.reshape(map, [-1, tap!.channels]), variable as tf.Tensor2D);
          const [batch, height, columns] = map.shape;
          return [tf.reshape(rows, [batch, height, columns, width]) as tf.Tensor4D];
        },
      };
    },
  });
  const request = { detector: "fcos", taps: [tapAt(8)], image, classes: 2, seed: 0 };
  const spec = { neck: { name: "projected" }, groups: 2, layers: 1 };
  const detector = createDetector({ ...request, spec }, [defineFcos([...necks, projected])]);
  expect(detector.description.spec).toMatchObject({ neck: { name: "projected", width: 4 } });
  expect(() => createDetector({ ...request, spec })).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(/neck: there is no neck named "projected"/),
    }),
  );
});
