import { ndarray } from "@difftap/core";
import { describe, expect, test } from "vitest";
import {
  accuracyResult,
  bootstrapInterval,
  confidences,
  confusionMatrix,
  differenceInterval,
  perClassAccuracy,
  predictions,
  topK,
  wilsonInterval,
} from "../src/index.js";

const logits = ndarray("float32", [3, 4], Float32Array.of(3, 1, 2, 0, 1, 1, 1, 1, 0, 5, 4, 3));

describe("top-k", () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
  ])("top-%i counts %i of 3", (k, correct) => {
    expect(topK(logits, Int32Array.of(0, 2, 2), k).correct).toBe(correct);
  });

  test("of equal logits the lower class comes first", () => {
    expect(predictions(logits)).toEqual(Int32Array.of(0, 0, 1));
    expect(topK(logits, Int32Array.of(1, 0, 0), 1).correct).toBe(1);
  });

  test("a prediction is as sure as its softmax probability, however large the logits", () => {
    const odds = 1 + Math.exp(-2) + Math.exp(-1) + Math.exp(-3);
    const rows = [Math.exp(0) / odds, 0.25, 1 / (1 + Math.exp(-1) + Math.exp(-2) + Math.exp(-5))];
    for (const [row, sure] of confidences(logits).entries()) expect(sure).toBeCloseTo(rows[row]!, 12);
    const large = ndarray("float64", [1, 2], Float64Array.of(1e4, 1e4 - Math.log(3)));
    expect(confidences(large)[0]).toBeCloseTo(0.75, 9);
  });

  test("NaN is an error, not a wrong prediction", () => {
    const broken = ndarray("float32", [1, 2], Float32Array.of(Number.NaN, 1));
    expect(() => topK(broken, Int32Array.of(0), 1)).toThrow(/row 0, column 0 is NaN/);
  });

  test("k beyond the classes, and labels that do not fit, are refused", () => {
    expect(() => topK(logits, Int32Array.of(0, 2, 2), 5)).toThrow(/top-5 of 4 classes/);
    expect(() => topK(logits, Int32Array.of(0, 2), 1)).toThrow(/3 rows, but 2 labels/);
    expect(() => topK(logits, Int32Array.of(0, 2, -1), 1)).toThrow(/label -1 of sample 2/);
  });
});

describe("per class", () => {
  const confusion = confusionMatrix(Int32Array.of(0, 0, 1, 1), Int32Array.of(0, 1, 1, 1), 3);

  test("rows of the confusion matrix are labels", () => {
    expect(confusion).toEqual([
      [1, 1, 0],
      [0, 2, 0],
      [0, 0, 0],
    ]);
  });

  test("a class without samples has no accuracy", () => {
    const [first, second, third] = perClassAccuracy(confusion);
    expect(first).toMatchObject({ label: 0, n: 2, accuracy: 0.5, interval: wilsonInterval(1, 2) });
    expect(second!.accuracy).toBe(1);
    expect(third).toEqual({ label: 2, correct: 0, n: 0, accuracy: null, interval: null });
  });
});

describe("intervals", () => {
  // Figures of statsmodels' proportion_confint(method="wilson").
  test.each([
    [0, 10, 0, 0.277533],
    [10, 10, 0.722467, 1],
    [577, 1000, 0.546133, 0.607256],
    [1, 2, 0.094531, 0.905469],
  ])("Wilson: %i of %i", (correct, n, low, high) => {
    const [found, above] = wilsonInterval(correct, n);
    expect(found).toBeCloseTo(low, 4);
    expect(above).toBeCloseTo(high, 4);
  });

  test("Wilson refuses more right than asked", () => {
    expect(() => wilsonInterval(3, 2)).toThrow(/no interval for 3 right of 2/);
    expect(() => wilsonInterval(0, 0)).toThrow(/no interval/);
  });

  test("the bootstrap agrees with Wilson on a share, and repeats by seed", () => {
    const scores = Float64Array.from({ length: 1000 }, (_, i) => (i < 577 ? 1 : 0));
    const found = bootstrapInterval(scores, { seed: 1 });
    const [low, high] = wilsonInterval(577, 1000);
    expect(Math.abs(found[0] - low)).toBeLessThan(0.008);
    expect(Math.abs(found[1] - high)).toBeLessThan(0.008);
    expect(bootstrapInterval(scores, { seed: 1 })).toEqual(found);
    expect(bootstrapInterval(scores, { seed: 2 })).not.toEqual(found);
  });

  test("a result is in per cent, with all that has to stand beside it", () => {
    const said = { metric: "top-1", protocol: "k-NN, k 20", split: "test", seeds: [0] };
    const result = accuracyResult({ correct: 1, n: 2, accuracy: 0.5 }, said);
    expect(result).toMatchObject({ ...said, value: 50, unit: "%", n: 2 });
    expect(result.interval[0]).toBeCloseTo(9.4531, 3);
  });
});

test("a difference's interval is that of Newcombe's first example", () => {
  // 56 of 70 against 48 of 80: 0.2, 95 % interval 0.0524 to 0.3339 (method 10, table II, contrast a).
  const share = (correct: number, n: number) => ({
    value: correct / n,
    interval: wilsonInterval(correct, n),
  });
  const [low, high] = differenceInterval(share(56, 70), share(48, 80));
  expect(low).toBeCloseTo(0.0524, 4);
  expect(high).toBeCloseTo(0.3339, 4);
});
