import { type NdArray, ndarray, normals } from "@difftap/core";
import { describe, expect, test } from "vitest";
import { probeLogits, type SolvedProbe, solvedLinearProbe, sweepL2, topK } from "../dist/index.js";

/** Classes around random centres, one dimension constant, another of large scale. */
function clusters(n: number, dimensions: number, classes: number, seed = 1) {
  const centres = normals({ seed: 0, stream: 1 }, classes * dimensions);
  const spread = normals({ seed, stream: 2 }, n * dimensions);
  const labels = Int32Array.from({ length: n }, (_, i) => i % classes);
  const data = spread.map((value, i) => {
    const [row, column] = [Math.floor(i / dimensions), i % dimensions];
    if (column === 0) return 0.25;
    const scale = column === 1 ? 1000 : 1;
    return scale * (value + 0.7 * centres[labels[row]! * dimensions + column]!);
  });
  return { features: ndarray("float32", [n, dimensions], data), labels, classes };
}

/** Mean loss + l2·‖W‖²/2 and its gradient, written as the formulas say; nothing shared with the package. */
function lossAndGradient(
  { features, labels }: { features: NdArray<"float32">; labels: Int32Array },
  model: SolvedProbe,
) {
  const { weights, bias, mean, deviation, classes, dimensions, l2 } = model;
  const gradient = Float64Array.from(weights, (each) => l2 * each);
  const biasGradient = new Float64Array(classes);
  let loss = (l2 / 2) * weights.reduce((sum, each) => sum + each * each, 0);
  for (let row = 0; row < labels.length; row++) {
    const x = Array.from(
      { length: dimensions },
      (_, d) => (features.data[row * dimensions + d]! - mean[d]!) / deviation[d]!,
    );
    const logits = Array.from({ length: classes }, (_, c) =>
      x.reduce((sum, each, d) => sum + each * weights[c * dimensions + d]!, bias[c]!),
    );
    const total = logits.reduce((sum, each) => sum + Math.exp(each), 0);
    loss -= (logits[labels[row]!]! - Math.log(total)) / labels.length;
    for (let c = 0; c < classes; c++) {
      const residual = (Math.exp(logits[c]!) / total - (c === labels[row] ? 1 : 0)) / labels.length;
      biasGradient[c]! += residual;
      for (let d = 0; d < dimensions; d++) gradient[c * dimensions + d]! += residual * x[d]!;
    }
  }
  return { loss, gradientNorm: Math.hypot(...gradient, ...biasGradient) };
}

const set = clusters(300, 9, 4);

describe("solved linear probe", () => {
  test.each([1, 1e-2, 1e-5])("is the minimum by an independent formula, l2 %s", async (l2) => {
    const model = await solvedLinearProbe({ ...set, l2 });
    const own = lossAndGradient(set, model);
    expect(model.gradientNorm).toBeLessThanOrEqual(1e-8);
    expect(own.gradientNorm).toBeLessThan(2e-8);
    expect(model.loss).toBeCloseTo(own.loss, 10);
    for (let i = 0; i < model.weights.length; i += 5) {
      for (const nudge of [-1e-2, 1e-2]) {
        const weights = model.weights.slice();
        weights[i]! += nudge;
        expect(lossAndGradient(set, { ...model, weights }).loss).toBeGreaterThan(own.loss);
      }
    }
  });

  test("gives the same weights on every run, and for float64 features", async () => {
    const first = await solvedLinearProbe({ ...set, l2: 0.003 });
    const again = await solvedLinearProbe({ ...set, l2: 0.003 });
    expect(again.weights).toEqual(first.weights);
    const features = ndarray("float64", set.features.shape, Float64Array.from(set.features.data));
    expect((await solvedLinearProbe({ ...set, features, l2: 0.003 })).weights).toEqual(first.weights);
  });

  test("finds the minimum with more dimensions than samples", async () => {
    const wide = clusters(40, 120, 3);
    const model = await solvedLinearProbe({ ...wide, l2: 1e-3 });
    expect(lossAndGradient(wide, model).gradientNorm).toBeLessThan(2e-8);
  });

  test("works beyond the size that is preconditioned", async () => {
    const wide = clusters(24, 4200, 2);
    const model = await solvedLinearProbe({ ...wide, l2: 0.1 });
    expect(lossAndGradient(wide, model).gradientNorm).toBeLessThan(2e-8);
  });

  test("leaves what it was given as it was, and the thread free", async () => {
    const large = clusters(20_000, 64, 10);
    const before = large.features.data.slice(0, 100);
    let turns = 0;
    const timer = setInterval(() => turns++, 2);
    await solvedLinearProbe({ ...large, l2: 1e-4 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(10);
    expect(large.features.data.slice(0, 100)).toEqual(before);
    expect(large.labels.length).toBe(20_000);
  });

  test("reports iterations and stops when told to", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const solving = solvedLinearProbe({
      ...clusters(2000, 32, 5),
      l2: 1e-6,
      signal: controller.signal,
      onProgress: ({ done }) => {
        seen.push(done);
        if (done === 2) controller.abort();
      },
    });
    await expect(solving).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(seen.slice(0, 3)).toEqual([0, 1, 2]);
  });
});

describe("sweep of l2", () => {
  test("keeps the value that is best on the validation split", async () => {
    const validation = clusters(200, 9, 4, 7);
    const { points, best } = await sweepL2({ ...set, validation, l2: [1e-4, 10, 1e-2] });
    expect(points.map(({ l2 }) => l2)).toEqual([10, 1e-2, 1e-4]);
    const most = Math.max(...points.map(({ correct }) => correct));
    expect(best.l2).toBe(points.find(({ correct }) => correct === most)!.l2);
    const alone = await solvedLinearProbe({ ...set, l2: best.l2 });
    const worst = Math.max(...alone.weights.map((each, i) => Math.abs(each - best.weights[i]!)));
    expect(worst, "a warm start ends where a cold one does").toBeLessThan(1e-5);
    const logits = await probeLogits(best, validation.features);
    expect(topK(logits, validation.labels, 1).correct).toBe(most);
  });

  test("refuses an empty list and validation labels that do not fit", async () => {
    const validation = clusters(20, 9, 4);
    await expect(sweepL2({ ...set, validation, l2: [] })).rejects.toMatchObject({ code: "USAGE_INVALID" });
    const wrong = { ...validation, labels: validation.labels.slice(1) };
    await expect(sweepL2({ ...set, validation: wrong })).rejects.toThrow(/20 rows, but 19 labels/);
  });
});

describe("refused", () => {
  const solve = (changed: object) => solvedLinearProbe({ ...set, l2: 0.01, ...changed });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("features with %s name row and column", async (value) => {
    const data = set.features.data.slice();
    data[9 * 17 + 3] = value;
    const features = ndarray("float32", set.features.shape, data);
    await expect(solve({ features })).rejects.toMatchObject({
      code: "NUMERIC",
      details: { row: 17, column: 3 },
    });
  });

  test("a label out of range names the sample", async () => {
    const labels = set.labels.slice();
    labels[5] = 4;
    await expect(solve({ labels })).rejects.toMatchObject({
      code: "LABELS_MISMATCH",
      message: "labels: label 4 of sample 5 is outside 0 … 3",
    });
  });

  test.each([
    [
      "labels of another length",
      { labels: set.labels.slice(1) },
      "LABELS_MISMATCH",
      /300 rows, but 299 labels/,
    ],
    [
      "a single class",
      { labels: new Int32Array(300).fill(2) },
      "LABELS_MISMATCH",
      /all 300 samples are of class 2/,
    ],
    ["fewer than two classes", { classes: 1 }, "USAGE_INVALID", /1 classes/],
    ["a negative l2", { l2: -1 }, "USAGE_INVALID", /l2 is -1/],
    [
      "features that are no matrix",
      { features: ndarray("float32", [300]) },
      "USAGE_INVALID",
      /shape \[300\]/,
    ],
    ["too few iterations", { maxIterations: 2 }, "NUMERIC", /2 iterations were not enough/],
    [
      "a tolerance below rounding",
      { tolerance: 1e-30 },
      "NUMERIC",
      /no step lowers the loss|were not enough/,
    ],
  ])("%s", async (_, changed, code, message) => {
    const error = await solve(changed).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(error).toHaveProperty("message", expect.stringMatching(message));
  });

  test("features of another width than the probe's", async () => {
    const model = await solve({});
    const features = ndarray("float32", [2, 8]);
    await expect(probeLogits(model, features)).rejects.toThrow(/features have 8 dimensions, the probe 9/);
  });
});
