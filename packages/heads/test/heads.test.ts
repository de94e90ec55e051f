import { ndarray } from "@difftap/core";
import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import {
  adaptiveAveragePool,
  createHead,
  describeTap,
  type HeadTap,
  restoreHead,
  saveHead,
} from "../src/index.js";

const tap: HeadTap = { name: "t90/b09", block: 9, timestep: 90, channels: 4, height: 2, width: 2 };
const request = { head: "linear", spec: { pool: 2 }, taps: [tap], classes: 3, seed: 5 };

beforeAll(() => start("cpu"));

describe("adaptive average pooling", () => {
  test.each([
    [5, 7, 3],
    [4, 4, 2],
    [8, 3, 5],
    [3, 3, 3],
    [6, 5, 1],
  ])("%i×%i in %i cells has PyTorch's windows", async (height, width, cells) => {
    const values = Float32Array.from({ length: 2 * 3 * height * width }, (_, i) => Math.sin(i * i));
    const pooled = adaptiveAveragePool(tf.tensor4d(values, [2, 3, height, width]), cells);
    const [rows, columns] = [Math.min(cells, height), Math.min(cells, width)];
    expect(pooled.shape).toEqual([2, 3, rows, columns]);
    const found = await pooled.data();
    for (let index = 0; index < found.length; index++) {
      const [map, row, column] = [
        Math.floor(index / rows / columns),
        Math.floor(index / columns) % rows,
        index % columns,
      ];
      let [sum, count] = [0, 0];
      for (let y = Math.floor((row * height) / rows); y < Math.ceil(((row + 1) * height) / rows); y++) {
        for (
          let x = Math.floor((column * width) / columns);
          x < Math.ceil(((column + 1) * width) / columns);
          x++
        ) {
          sum += values[(map * height + y) * width + x]!;
          count += 1;
        }
      }
      expect(found[index]).toBeCloseTo(sum / count, 5);
    }
  });
});

describe("the linear head", () => {
  test("is flatten, then weights and bias", async () => {
    const head = createHead(request);
    const values = Float32Array.from({ length: 16 }, (_, i) => i - 7);
    const weight = await head.variables.get("fcs.0.weight")!.data();
    const bias = await head.variables.get("fcs.0.bias")!.data();
    const logits = await head.forward({ [tap.name]: tf.tensor(values, [1, 16]) }, { training: false }).data();
    for (let k = 0; k < 3; k++) {
      const expected = values.reduce((sum, each, i) => sum + each * weight[k * 16 + i]!, bias[k]!);
      expect(logits[k]).toBeCloseTo(expected, 4);
    }
  });

  test("starts like PyTorch's Linear: uniform in ±1/√inputs", async () => {
    const head = createHead({ ...request, taps: [{ ...tap, channels: 400 }], classes: 50 });
    const values = Float32Array.from(await head.variables.get("fcs.0.weight")!.data());
    const bound = 1 / Math.sqrt(1600);
    const deviation = Math.sqrt(values.reduce((sum, each) => sum + each * each, 0) / values.length);
    expect(Math.max(...values)).toBeLessThanOrEqual(bound);
    expect(Math.max(...values)).toBeGreaterThan(0.99 * bound);
    expect(deviation / bound).toBeCloseTo(1 / Math.sqrt(3), 2);
  });
});

test("a tap is sized from the block table", () => {
  const block = {
    number: 9,
    kind: "output",
    channels: 128,
    downsample: 4,
    mirror: 5,
    attention: false,
  } as const;
  const place = { block: 9, timestep: 10, pool: 2, size: { height: 32, width: 48 } } as const;
  expect(describeTap([block], place)).toEqual({
    name: "t10/b09",
    block: 9,
    timestep: 10,
    channels: 128,
    height: 2,
    width: 2,
  });
  const whole = describeTap([block], { ...place, timestep: "clean", pool: "map" });
  expect(whole).toMatchObject({ name: "clean/b09", height: 8, width: 12 });
  const other = { height: 96, width: 64 };
  expect(describeTap([block], { ...place, pool: "map", size: other, other: true })).toEqual({
    ...{ name: "t10/b09@96x64", block: 9, timestep: 10, channels: 128 },
    ...{ height: 24, width: 16, size: other },
  });
  expect(describeTap([block], { ...place, pool: 10 })).toMatchObject({ height: 8, width: 10 });
  expect(() => describeTap([block], { ...place, block: 8 })).toThrow(/block 8 does not exist/);
});

describe("refused", () => {
  const create = (changed: object) => () => createHead({ ...request, ...changed });

  test.each([
    ["an unknown head", { head: "liner" }, "CONFIG_INVALID", /no head named "liner"/],
    ["an unknown key", { spec: { pol: 2 } }, "CONFIG_INVALID", /unknown key "pol", did you mean "pool"/],
    ["a wrong value", { spec: { pool: 0 } }, "CONFIG_INVALID", /spec of head linear: pool: /],
    ["one class", { classes: 1 }, "CONFIG_INVALID", /1 classes/],
    ["two taps", { taps: [tap, { ...tap, name: "t90/b10" }] }, "REQUEST_INVALID", /t90\/b09, t90\/b10/],
  ])("%s", (_, changed, code, message) => {
    expect(create(changed)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  test("a tap that the features do not hold lists those they do", () => {
    const forward = () => createHead(request).forward({ "t10/b01": tf.zeros([1, 16]) }, { training: false });
    expect(forward).toThrow(expect.objectContaining({ code: "REQUEST_INVALID", hint: "they hold t10/b01" }));
  });

  test("features of another shape", () => {
    const forward = () =>
      createHead(request).forward({ [tap.name]: tf.zeros([1, 4, 3, 3]) }, { training: false });
    expect(forward).toThrow(/has shape \[1, 4, 3, 3\], the head was built for \[N, 4, 2, 2\]/);
  });

  test("weights of another head list every tensor that does not fit", async () => {
    const { description, tensors } = await saveHead(createHead(request));
    const wrong = { "fcs.0.weight": ndarray("float32", [4, 16]), "fcs.1.weight": tensors["fcs.0.weight"]! };
    const held = tf.memory().numTensors;
    expect(() => restoreHead({ description, tensors: wrong })).toThrow(
      expect.objectContaining({
        code: "WEIGHTS_MISMATCH",
        message:
          "weights do not fit head linear: fcs.0.weight is float32 [4, 16], not float32 [3, 16]; fcs.0.bias is missing; fcs.1.weight is surplus",
      }),
    );
    expect(tf.memory().numTensors).toBe(held);
  });
});
