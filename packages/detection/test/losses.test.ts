import { describeEngines } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binaryCrossEntropy, diceLoss, focalLoss, generalisedIouLoss, overlapOf } from "../src/index.js";
import { difference, numericGradient, sigmoid, waves } from "./float64.js";

const shape: [number, number] = [5, 4];
const logits = waves(20).map((each) => 6 * each);
const hard = Float32Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? 1 : 0));
const soft = waves(20, 3).map((each) => (each + 1) / 2);
const dy = waves(20, 7);

/** By the definition, from probabilities. */
const focal = (alpha: number, gamma: number) => (z: ArrayLike<number>) =>
  Array.from(z, (each, i) => {
    const [p, t] = [sigmoid(each), hard[i]!];
    const seen = t === 1 ? p : 1 - p;
    return -(t === 1 ? alpha : 1 - alpha) * (1 - seen) ** gamma * Math.log(seen);
  });

const crossEntropy = (z: ArrayLike<number>) =>
  Array.from(z, (each, i) => {
    const p = sigmoid(each);
    return -soft[i]! * Math.log(p) - (1 - soft[i]!) * Math.log(1 - p);
  });

const dice = (p: ArrayLike<number>) =>
  Array.from({ length: shape[0] }, (_, row) => {
    let [shared, all] = [0, 1e-5];
    for (let i = row * shape[1]; i < (row + 1) * shape[1]; i++) {
      shared += p[i]! * hard[i]!;
      all += p[i]! ** 2 + hard[i]! ** 2;
    }
    return 1 - (2 * shared) / all;
  });

type Corners = readonly [left: number, top: number, right: number, bottom: number];

/** From corners, as the paper writes it. */
function generalisedIou(a: Corners, b: Corners): { iou: number; giou: number } {
  const area = ([left, top, right, bottom]: Corners) => (right - left) * (bottom - top);
  const across = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const down = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const shared = Math.max(0, across) * Math.max(0, down);
  const union = area(a) + area(b) - shared;
  const hull = area([Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);
  return { iou: shared / union, giou: shared / union - (hull - union) / hull };
}

/** The box at those distances from a point. */
const around = (distances: ArrayLike<number>, row: number, x = 30, y = -20): Corners => [
  x - distances[4 * row]!,
  y - distances[4 * row + 1]!,
  x + distances[4 * row + 2]!,
  y + distances[4 * row + 3]!,
];

const distances = waves(20, 5).map((each) => 4 * each + 5);
const others = waves(20, 9).map((each) => 4 * each + 5);
const boxLoss = (given: ArrayLike<number>) =>
  Array.from({ length: 5 }, (_, row) => 1 - generalisedIou(around(given, row), around(others, row)).giou);

describeEngines("losses on", () => {
  const cases = [
    { name: "focal loss, alpha 0.25, gamma 2", x: logits, expected: focal(0.25, 2), outputs: 20 },
    { name: "focal loss, alpha 0.6, gamma 1.5", x: logits, expected: focal(0.6, 1.5), outputs: 20 },
    { name: "binary cross-entropy", x: logits, expected: crossEntropy, outputs: 20 },
    { name: "dice loss", x: soft, expected: dice, outputs: 5 },
    { name: "GIoU loss", x: distances, expected: boxLoss, outputs: 5 },
  ];
  const compute: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    "focal loss, alpha 0.25, gamma 2": (x) => focalLoss(x, tf.tensor(hard, shape), { alpha: 0.25, gamma: 2 }),
    "focal loss, alpha 0.6, gamma 1.5": (x) =>
      focalLoss(x, tf.tensor(hard, shape), { alpha: 0.6, gamma: 1.5 }),
    "binary cross-entropy": (x) => binaryCrossEntropy(x, tf.tensor(soft, shape)),
    "dice loss": (x) => diceLoss(x, tf.tensor(hard, shape)),
    "GIoU loss": (x) => generalisedIouLoss(x, tf.tensor(others, shape)),
  };

  test.each(cases)("$name and its gradient are those of float64", async ({ name, x, expected, outputs }) => {
    const loss = compute[name]!;
    expect(difference(await loss(tf.tensor(x, shape)).data(), expected(x))).toBeLessThan(2e-6);
    const ends = tf.tensor(dy.subarray(0, outputs), outputs === 20 ? shape : [outputs]);
    const gradient = tf.grad(loss)(tf.tensor(x, shape), ends);
    expect(difference(await gradient.data(), numericGradient(expected, x, dy))).toBeLessThan(1e-5);
  });

  test("logits far out give finite losses and gradients", async () => {
    const far = tf.tensor([-200, -60, 60, 200], [4, 1]);
    const targets = tf.tensor([1, 0, 1, 0], [4, 1]);
    for (const loss of [
      (z: tf.Tensor) => focalLoss(z, targets, { alpha: 0.25, gamma: 2 }),
      (z: tf.Tensor) => binaryCrossEntropy(z, targets),
    ]) {
      const values = await loss(far).data();
      const gradient = await tf.grad(loss)(far).data();
      expect([...values, ...gradient].every(Number.isFinite)).toBe(true);
      expect(values[0]).toBeGreaterThan(49);
      expect(values[1]).toBeLessThan(1e-20);
    }
  });
});

describe("GIoU", () => {
  const side = fc.double({ min: 0.1, max: 50, noNaN: true });
  const box = fc.tuple(side, side, side, side);
  const overlaps = (a: readonly number[], b: readonly number[]) =>
    tf.tidy(() => {
      const { iou, giou } = overlapOf(tf.tensor2d([...a], [1, 4]), tf.tensor2d([...b], [1, 4]));
      return { iou: iou.dataSync()[0]!, giou: giou.dataSync()[0]! };
    });

  test("is that of corners, symmetric, at most the IoU, above −1, and the same at any scale", () => {
    fc.assert(
      fc.property(box, box, fc.double({ min: 0.5, max: 4, noNaN: true }), (a, b, scale) => {
        const found = overlaps(a, b);
        const expected = generalisedIou(around(a, 0), around(b, 0));
        expect(found.iou).toBeCloseTo(expected.iou, 5);
        expect(found.giou).toBeCloseTo(expected.giou, 5);
        expect(overlaps(b, a).giou).toBeCloseTo(found.giou, 5);
        expect(found.giou).toBeLessThanOrEqual(found.iou + 1e-6);
        expect(found.giou).toBeGreaterThan(-1);
        const scaled = (sides: readonly number[]) => sides.map((each) => each * scale);
        expect(overlaps(scaled(a), scaled(b)).giou).toBeCloseTo(found.giou, 5);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test("of a box with itself is 1; with nothing at all, at most 0 and finite", () => {
    expect(overlaps([1, 2, 3, 4], [1, 2, 3, 4])).toEqual({ iou: 1, giou: 1 });
    const { iou, giou } = overlaps([1, 2, 3, 4], [0, 0, 0, 0]);
    expect(iou).toBe(0);
    expect(giou).toBeLessThanOrEqual(0);
  });
});
