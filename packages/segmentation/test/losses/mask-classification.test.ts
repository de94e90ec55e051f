/** Matching and losses of mask classification against float64, where every assignment is tried and gradients are differences. */
import { describeEngines, start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { maskClassificationLosses } from "../../src/losses/mask-classification.js";
import { pixelLoss } from "../../src/losses/pixel-loss.js";
import { assignQueries } from "../../src/matching/assign.js";
import { matchingCosts } from "../../src/matching/costs.js";
import { matchQueries } from "../../src/matching/match.js";
import { pixelTargets, resizeTargets } from "../../src/targets.js";
import { difference, numericGradient, tensor4d, waves } from "../examples.js";
import {
  bestAssignment64,
  costs64,
  maskClassification64,
  pixelLoss64,
  type Sample,
  shownClasses,
  type Weights,
} from "./reference.js";

const [batch, queries, classes, ignore] = [2, 4, 3, 255];
const [height, width] = [3, 4];
const [rows, columns] = [7, 10];
const focal: Weights = {
  ...{ maskLoss: "focal", classWeight: 1, maskWeight: 20, diceWeight: 1, noObjectWeight: 0.1 },
};
const bce: Weights = {
  ...{ maskLoss: "bce", classWeight: 2, maskWeight: 5, diceWeight: 5, noObjectWeight: 0.3 },
};

const classValues = waves(batch * queries * (classes + 1), 2).map((value) => 3 * value);
const maskValues = waves(batch * queries * height * width, 3).map((value) => 4 * value);
/** The first image lacks class 1; some pixels of both are ignored. */
const labelValues = Array.from({ length: batch * rows * columns }, (_, i) => {
  const [image, row, column] = [Math.floor(i / rows / columns), Math.floor(i / columns) % rows, i % columns];
  if ((row + 2 * column) % 7 === 0) return ignore;
  if (image === 0) return row < 3 ? 0 : 2;
  return column < 3 ? 0 : column < 6 ? 1 : 2;
});

const grid = (values: ArrayLike<number>, from: number, [h, w]: [number, number]) =>
  Array.from({ length: h }, (_, y) => Array.from({ length: w }, (__, x) => values[from + y * w + x]!));

function samplesOf(forClasses: ArrayLike<number>, forMasks: ArrayLike<number>): Sample[] {
  return Array.from({ length: batch }, (_, image) => ({
    classLogits: grid(forClasses, image * queries * (classes + 1), [queries, classes + 1]),
    maskLogits: Array.from({ length: queries }, (__, query) =>
      grid(forMasks, (image * queries + query) * height * width, [height, width]),
    ),
    labels: grid(labelValues, image * rows * columns, [rows, columns]),
  }));
}

const samples = samplesOf(classValues, maskValues);
const classTensor = () => tf.tensor3d(Float32Array.from(classValues), [batch, queries, classes + 1]);
const maskTensor = () => tensor4d(maskValues, [batch, queries, height, width]);
const targetsNow = () =>
  pixelTargets(tf.tensor3d(Float32Array.from(labelValues), [batch, rows, columns]), { classes, ignore });

function termsOf(classLogits: tf.Tensor3D, maskLogits: tf.Tensor4D, weights: Weights) {
  const prediction = { classLogits, maskLogits };
  const targets = targetsNow();
  const [assigned] = matchQueries([prediction], targets, weights);
  return maskClassificationLosses(prediction, assigned!, targets, weights);
}

describeEngines("mask classification on", () => {
  test.each([
    ["focal", focal],
    ["bce", bce],
  ])("costs of every pair, %s", async (_, weights) => {
    const targets = resizeTargets(targetsNow(), { height, width });
    const prediction = { classLogits: classTensor(), maskLogits: maskTensor() };
    const found = await matchingCosts(prediction, targets, weights).data();
    const expected = samples.flatMap((sample) => costs64(sample, classes, ignore, weights).flat());
    expect(difference(found, expected)).toBeLessThan(1e-5);
  });

  test.each([
    ["focal", focal],
    ["bce", bce],
  ])("terms and their gradients, with the matching inside, %s", async (_, weights) => {
    const terms = termsOf(classTensor(), maskTensor(), weights);
    const expected = maskClassification64(samples, classes, ignore, weights);
    for (const name of ["class", "mask", "dice"] as const) {
      expect((await terms[name].data())[0]! / expected[name]).toBeCloseTo(1, 5);
    }
    const total = (forClasses: ArrayLike<number>, forMasks: ArrayLike<number>) => {
      const found = maskClassification64(samplesOf(forClasses, forMasks), classes, ignore, weights);
      return found.class + found.mask + found.dice;
    };
    const [toClasses, toMasks] = tf.grads((...given) => {
      const [classLogits, maskLogits] = given as unknown as [tf.Tensor3D, tf.Tensor4D];
      return tf.addN(Object.values(termsOf(classLogits, maskLogits, weights))) as tf.Scalar;
    })([classTensor(), maskTensor()]);
    const byClasses = numericGradient((x) => total(x, maskValues), classValues);
    const byMasks = numericGradient((x) => total(classValues, x), maskValues);
    expect(difference(await toClasses!.data(), byClasses)).toBeLessThan(1e-5);
    expect(difference(await toMasks!.data(), byMasks)).toBeLessThan(1e-5);
  });

  test("several predictions are matched each by its own costs", async () => {
    const other = tf.reverse(classTensor(), 1);
    const both = [
      { classLogits: classTensor(), maskLogits: maskTensor() },
      { classLogits: other, maskLogits: tf.reverse(maskTensor(), 1) },
    ];
    const [first, second] = matchQueries(both, targetsNow(), focal);
    expect(Array.from(await second!.data())).toEqual(Array.from(await tf.reverse(first!, 1).data()));
    expect(Array.from(await first!.data())).not.toEqual(Array.from(await second!.data()));
  });

  test("without a pixel that counts there is nothing to match", async () => {
    const none = pixelTargets(tf.fill([batch, rows, columns], ignore), { classes, ignore });
    const prediction = { classLogits: classTensor(), maskLogits: maskTensor() };
    const [assigned] = matchQueries([prediction], none, focal);
    expect(Array.from(await assigned!.data())).toEqual(Array(batch * queries * classes).fill(0));
    const losses = maskClassificationLosses(prediction, assigned!, none, focal);
    expect((await losses.mask.data())[0]).toBe(0);
    expect((await losses.dice.data())[0]).toBe(0);
    expect((await losses.class.data())[0]).toBeGreaterThan(0);
  });
});

describe("a pixel's loss", () => {
  beforeAll(() => start("cpu"));

  test.each(["focal", "bce"] as const)("%s, where logits are large too", (kind) => {
    const logits = [-30, -8, -1, 0, 0.5, 3, 12, 30];
    for (const inside of [true, false]) {
      const found = pixelLoss(kind, tf.tensor1d(logits), inside ? 1 : 0).dataSync();
      const expected = logits.map((logit) => pixelLoss64(kind, logit, inside));
      logits.forEach((_, i) => {
        const stable = Math.abs(logits[i]!) < 20 ? expected[i]! : found[i]!;
        expect(Math.abs(found[i]! - stable)).toBeLessThan(2e-6 * Math.max(1, stable));
        expect(Number.isFinite(found[i])).toBe(true);
      });
    }
  });
});

describe("the assignment", () => {
  /** One-hot [queries][classes] as the query of each class; −1 where it has none. */
  const queryOf = (assigned: Float32Array, [q, k]: [number, number], label: number) =>
    Array.from({ length: q }, (_, query) => assigned[query * k + label]!).indexOf(1);

  test("costs least, of all that there are", () => {
    for (let salt = 1; salt <= 40; salt++) {
      const [q, k] = [2 + (salt % 4), 2 + (salt % 3)];
      const costs = waves(q * k, salt + 0.5);
      const shown = Array.from({ length: k }, (_, label) => label).filter(
        (label) => (salt >> label) % 2 === 1,
      );
      if (shown.length > q) continue;
      const pixels = Array.from({ length: k }, (_, label) => (shown.includes(label) ? 3 : 0));
      const assigned = assignQueries(costs, pixels, { batch: 1, queries: q, classes: k });
      const matrix = grid(costs, 0, [q, k]);
      const found = shown.map((label) => queryOf(assigned, [q, k], label));
      expect(found).toEqual(bestAssignment64(matrix, shown));
      expect(assigned.reduce((total, each) => total + each, 0)).toBe(shown.length);
    }
  });

  test("with fewer queries than classes gives each query one, and the dearest class none", () => {
    const costs = [1, 5, 9, 2, 3, 9];
    const assigned = assignQueries(costs, [1, 1, 1], { batch: 1, queries: 2, classes: 3 });
    expect(Array.from(assigned)).toEqual([1, 0, 0, 0, 1, 0]);
  });

  test("of a single query and class is theirs", () => {
    expect(Array.from(assignQueries([7], [2], { batch: 1, queries: 1, classes: 1 }))).toEqual([1]);
  });

  test("of costs that are no numbers is empty", () => {
    const broken = Array(6).fill(Number.NaN);
    const assigned = assignQueries(broken, [1, 1], { batch: 1, queries: 3, classes: 2 });
    expect(Array.from(assigned)).toEqual(Array(6).fill(0));
  });
});

test("classes that are shown are those with a pixel", () => {
  expect(shownClasses(samples[0]!.labels, classes)).toEqual([0, 2]);
  expect(shownClasses(samples[1]!.labels, classes)).toEqual([0, 1, 2]);
});
