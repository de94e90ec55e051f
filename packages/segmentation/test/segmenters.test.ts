/** What segmenters refuse and how, what their specs choose, and the gradient of the whole objective. */
import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createSegmenter, labelMapEntry, restoreSegmenter, type Segmenter } from "../src/index.js";
import { tapOf, tensor4d, waves } from "./examples.js";

beforeAll(() => start("cpu"));

const taps = [tapOf(9, { height: 8, width: 8 }), tapOf(7)].map((tap, index) =>
  index === 0 ? tap : { ...tap, height: 4, width: 4 },
);
const small = { width: 8, groups: 2, poolScales: [1, 2] };
const create = (segmenter: string, spec: object, more: object = {}) =>
  createSegmenter({ segmenter, spec, taps, classes: 3, ignore: 255, seed: 1, ...more });

function features(batch = 2): Record<string, tf.Tensor> {
  const maps = taps.map(({ name, channels, height, width }, index) => {
    const shape: [number, number, number, number] = [batch, channels, height, width];
    return [name, tensor4d(waves(batch * channels * height * width, index + 1), shape)] as const;
  });
  const labels = Float32Array.from({ length: batch * 144 }, (_, i) =>
    i % 11 === 0 ? 255 : Math.floor((i % 12) / 4),
  );
  return { ...Object.fromEntries(maps), [labelMapEntry]: tf.tensor3d(labels, [batch, 12, 12]) };
}

describe("refused", () => {
  test.each([
    [
      "an unknown segmenter",
      () => create("per-pixels", {}),
      "CONFIG_INVALID",
      /no segmenter named "per-pixels"/,
    ],
    ["an unknown field", () => create("per-pixel", { witdh: 8 }), "CONFIG_INVALID", /did you mean "width"/],
    ["one class", () => create("per-pixel", small, { classes: 1 }), "CONFIG_INVALID", /1 classes/],
    [
      "weights of other classes",
      () => create("per-pixel", { ...small, classWeights: [1, 2] }),
      "CONFIG_INVALID",
      /2 class weights for 3/,
    ],
    [
      "an auxiliary tap that is not read",
      () => create("per-pixel", { ...small, auxiliary: { tap: "t90/b8" } }),
      "CONFIG_INVALID",
      /auxiliary tap "t90\/b8"/,
    ],
    [
      "heads that do not divide the width",
      () => create("mask-classification", { ...small, heads: 3 }),
      "CONFIG_INVALID",
      /width of 8 .* 3 attention heads/,
    ],
    [
      "a width without room for sines",
      () => create("mask-classification", { ...small, width: 6, groups: 3, heads: 2 }),
      "CONFIG_INVALID",
      /width of 6 .* sines/,
    ],
    ["no taps", () => create("per-pixel", small, { taps: [] }), "REQUEST_INVALID", /at least one tap/],
  ])("%s", (_, work, code, message) => {
    expect(work).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  test("features without label maps, or with label maps of another rank", () => {
    const segmenter = create("per-pixel", small);
    const { [labelMapEntry]: labels, ...maps } = features();
    const learn = (given: Record<string, tf.Tensor>) => () => segmenter.objective(given, { training: true });
    expect(learn(maps)).toThrow(/learns from labelMap, that the features do not hold/);
    expect(learn({ ...maps, [labelMapEntry]: tf.reshape(labels!, [2, -1]) })).toThrow(/of shape \[2, 144\]/);
    const { [taps[0]!.name]: one, ...rest } = features();
    expect(learn(rest)).toThrow(expect.objectContaining({ code: "REQUEST_INVALID" }));
  });

  test("weights of another segmenter", () => {
    const { description } = create("per-pixel", small);
    expect(() => restoreSegmenter({ description, tensors: {} })).toThrow(
      expect.objectContaining({
        code: "WEIGHTS_MISMATCH",
        message: expect.stringMatching(/segmenter per-pixel: .*classify.weight is missing/),
      }),
    );
  });
});

test("specs are saved with their defaults", () => {
  expect(create("mask-classification", { width: 32 }).description).toEqual({
    segmenter: "mask-classification",
    taps,
    classes: 3,
    ignore: 255,
    spec: {
      width: 32,
      poolScales: [1, 2, 3, 6],
      inputNorm: "batch",
      norm: "group",
      groups: 32,
      queries: 100,
      layers: 3,
      heads: 8,
      mlpRatio: 4,
      maskLoss: "focal",
      classWeight: 1,
      maskWeight: 20,
      diceWeight: 1,
      noObjectWeight: 0.1,
      deepSupervision: true,
    },
  });
});

test("per-pixel scores are probabilities", () => {
  const scores = create("per-pixel", small).predict(features(), { height: 5, width: 9 });
  expect(scores.shape).toEqual([2, 3, 5, 9]);
  expect(tf.max(tf.abs(tf.sub(tf.sum(scores, 1), 1))).dataSync()[0]).toBeLessThan(1e-5);
});

describe("terms of the objective", () => {
  const termsOf = (segmenter: Segmenter) => {
    const terms = segmenter.objective(features(), { training: true });
    return Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, term.dataSync()[0]!]));
  };
  const queries = { ...small, queries: 6, heads: 2 };

  test("per-pixel: the auxiliary classifier's by its weight", () => {
    expect(Object.keys(termsOf(create("per-pixel", small)))).toEqual(["crossEntropy"]);
    const light = termsOf(create("per-pixel", { ...small, auxiliary: { weight: 0.2 } }));
    const heavy = termsOf(create("per-pixel", { ...small, auxiliary: { weight: 0.6 } }));
    expect(heavy.auxiliary! / light.auxiliary!).toBeCloseTo(3, 4);
    expect(heavy.crossEntropy).toBeCloseTo(light.crossEntropy!, 5);
  });

  test("mask classification: one set of terms for the last layer, or for each", () => {
    const every = termsOf(create("mask-classification", { ...queries, layers: 2 }));
    const last = termsOf(create("mask-classification", { ...queries, layers: 2, deepSupervision: false }));
    const first = termsOf(create("mask-classification", { ...queries, layers: 1 }));
    for (const name of ["class", "mask", "dice"]) {
      expect(every[name]! / (last[name]! + first[name]!)).toBeCloseTo(1, 4);
    }
  });
});

describe("the gradient of the whole objective is its slope", () => {
  test.each([
    ["per-pixel", { ...small, auxiliary: {} }],
    ["per-pixel", { ...small, norm: "batch" }],
    ["mask-classification", { ...small, queries: 6, heads: 2, layers: 2 }],
    ["mask-classification", { ...small, queries: 6, heads: 2, layers: 1, maskLoss: "bce" }],
  ] as const)("%s %j", (name, spec) => {
    const segmenter = create(name, spec);
    const given = features();
    const total = () => tf.addN(Object.values(segmenter.objective(given, { training: true }))) as tf.Scalar;
    const variables = [...segmenter.variables.values()];
    const { grads } = tf.variableGrads(total, variables);
    const length = Math.sqrt(
      variables.reduce((sum, each) => sum + tf.sum(tf.square(grads[each.name]!)).dataSync()[0]!, 0),
    );
    const before = variables.map((each) => each.clone());
    const at = (distance: number) => {
      variables.forEach((each, i) => {
        each.assign(tf.add(before[i]!, tf.mul(grads[each.name]!, distance / length)));
      });
      return total().dataSync()[0]!;
    };
    const step = 2e-3;
    const slope = (at(step) - at(-step)) / (2 * step);
    expect(slope / length).toBeCloseTo(1, 2);
  });
});
