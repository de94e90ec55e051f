import { readdirSync } from "node:fs";
import { describeEngines, start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineSegmenter, type SegmenterParts, segmenters } from "../src/index.js";
import { segmenterContract } from "../src/testing.js";
import { tapOf } from "./examples.js";

const tap = tapOf(9);
const grid = [
  tapOf(5, { height: 2, width: 3, channels: 4 }),
  tapOf(6, { height: 2, width: 3, channels: 4 }),
  tapOf(7, { height: 4, width: 6, channels: 5 }),
  tapOf(9, { height: 8, width: 12, channels: 3 }),
];
const small = { width: 8, groups: 2, poolScales: [1, 2] };
const queries = { ...small, queries: 5, heads: 2, mlpRatio: 1 };

/** Taps and specs that each registered segmenter has to hold the contract with. */
const variants: Record<string, readonly { readonly taps: typeof grid; readonly spec: unknown }[]> = {
  "per-pixel": [
    { taps: [tap], spec: { ...small, inputNorm: "none", auxiliary: {}, classWeights: [1, 2, 3, 0.5] } },
    { taps: grid, spec: { ...small, norm: "batch", auxiliary: { tap: "t90/b9", weight: 1 } } },
  ],
  "mask-classification": [
    { taps: [tap], spec: { ...queries, layers: 2, maskLoss: "bce", inputNorm: "none" } },
    { taps: grid, spec: { ...queries, layers: 2, deepSupervision: false, norm: "batch" } },
  ],
};

describeEngines("the contract of segmenters on", () => {
  describe.each(segmenters.map((definition) => [definition.name, definition] as const))(
    "%s",
    (name, definition) => {
      describe.each(variants[name]!)("%j", ({ taps, spec }) => {
        for (const { name: what, check } of segmenterContract) {
          test(what, () => check({ definition, spec, taps, classes: 4 }));
        }
      });
    },
  );
});

describe("the contract notices", () => {
  beforeAll(() => start("cpu"));

  interface Work {
    readonly scores?: (logits: tf.Tensor4D) => tf.Tensor4D;
    readonly loss?: (loss: tf.Scalar, spare: tf.Variable, training: boolean) => tf.Scalar;
  }

  /** Class scores by one weight per channel and class; what is wrong with it is put in. */
  const faulty = ({ scores = (x) => x, loss = (x) => x }: Work) =>
    defineSegmenter({
      name: "faulty",
      spec: z.strictObject({}),
      build({ classes }): SegmenterParts {
        const weight = tf.tidy(() => tf.variable(tf.ones([6, classes])));
        const spare = tf.tidy(() => tf.variable(tf.ones([]), false));
        const logits = (maps: Parameters<SegmenterParts["predict"]>[0]) => {
          const pixels = tf.transpose(maps.get(tap.name)!, [0, 2, 3, 1]);
          const [batch, height, width] = pixels.shape;
          const products = tf.matMul(
            tf.reshape(pixels, [-1, tap.channels]),
            weight as tf.Variable<tf.Rank.R2>,
          );
          return tf.transpose(tf.reshape(products, [batch!, height!, width!, classes]), [0, 3, 1, 2]);
        };
        return {
          variables: new Map([["weight", weight]]),
          buffers: new Map([["spare", spare]]),
          predict: (maps, { height, width }) => {
            const means = tf.mean(tf.relu(logits(maps)), [2, 3], true);
            return scores(tf.mul(means, tf.ones([1, 1, height, width])) as tf.Tensor4D);
          },
          objective: (maps, { counted }, { training }) => {
            const total = tf.mul(tf.sum(tf.square(logits(maps))), tf.mean(counted)) as tf.Scalar;
            return { total: loss(total, spare, training) };
          },
        };
      },
    });

  const run = (name: RegExp, work: Work) =>
    segmenterContract
      .find((each) => name.test(each.name))!
      .check({ definition: faulty(work), spec: {}, taps: [tap], classes: 4 });

  test.each([
    ["finite scores", /finite scores/, { scores: (x: tf.Tensor4D) => tf.sub(x, 1e6) }, /negative/],
    [
      "finite scores of every class",
      /finite scores/,
      { scores: (x: tf.Tensor4D) => tf.concat([x, x], 1) },
      /./,
    ],
    ["terms", /finite terms/, { loss: (x: tf.Scalar) => tf.div(x, 0) as tf.Scalar }, /term total is/],
    ["empty label maps", /nothing counts/, { loss: (x: tf.Scalar) => tf.log(x) as tf.Scalar }, /total is/],
    ["gradients", /gradient for/, { loss: (x: tf.Scalar) => tf.mul(x, 0) as tf.Scalar }, /is zero/],
    ["a batch that mixes", /alone/, { scores: (x: tf.Tensor4D) => tf.add(x, tf.max(x)) }, /on its batch/],
    ["a seed without effect", /decided by its seed/, {}, /./],
    ["buffers at rest", /moves its buffers/, {}, /moved no buffer/],
  ] as const)("%s", async (_, name, work, message) => {
    await expect(run(name, work as Work)).rejects.toThrow(message);
  });

  test("an evaluation that trains", async () => {
    const learning: Work = {
      loss: (x, spare) => {
        spare.assign(tf.add(spare, 1));
        return x;
      },
    };
    await expect(run(/alone/, learning)).rejects.toThrow(/evaluation changed it/);
  });

  test("tensors left behind", async () => {
    const leaking: Work = { loss: (x) => tf.keep(tf.add(x, 0)) && x };
    await expect(run(/behind/, leaking)).rejects.toThrow(/leaves tensors/);
  });

  test("a seed, steps or scores that differ from run to run", async () => {
    let calls = 0;
    const drifting: Work = { scores: (x) => tf.mul(x, 1 + calls++) };
    await expect(run(/same bits/, drifting)).rejects.toThrow();
    await expect(run(/alone/, drifting)).rejects.toThrow(/other scores/);
  });

  test("an objective that does not fall", async () => {
    let value = 1;
    const rising: Work = { loss: (x) => tf.add(tf.mul(x, 0), value++) as tf.Scalar };
    await expect(run(/learns/, rising)).rejects.toThrow(/does not fall/);
  });
});

test("every file in definitions/ is registered under its own name", () => {
  const files = readdirSync(new URL("../src/definitions", import.meta.url)).map((file) =>
    file.replace(/\.ts$/, ""),
  );
  expect(segmenters.map(({ name }) => name).sort()).toEqual(files.sort());
  expect(Object.keys(variants).sort()).toEqual(files.sort());
});
