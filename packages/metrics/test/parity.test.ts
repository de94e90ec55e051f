import { describe, expect, test } from "vitest";
import {
  castVotes,
  confusionMatrix,
  nearestNeighbours,
  perClassAccuracy,
  probeLogits,
  solvedLinearProbe,
  topK,
} from "../dist/index.js";
import { fixturesMissing, readBytes, readExpected, readFloat64, readLabels } from "./fixtures.js";

const title = fixturesMissing
  ? "reference figures (skipped: no fixtures beside the repository)"
  : "reference figures";

describe.skipIf(fixturesMissing)(title, () => {
  test.each(["0.0001", "0.001", "0.01"])("logistic regression, l2 %s", async (l2) => {
    const expected = readExpected().logistic_regression[l2]!;
    const labels = readLabels("probe.train_labels");
    const features = readFloat64("probe.train");
    const model = await solvedLinearProbe({ features, labels, classes: 5, l2: Number(l2) });
    const logits = await probeLogits(model, readFloat64("probe.test"));
    const first = Array.from(logits.data.subarray(0, 5));
    const mean = first.reduce((sum, each) => sum + each, 0) / 5;
    const worst = Math.max(...first.map((each, i) => Math.abs(each - mean - expected.logits_first_row[i]!)));
    const norm = Math.hypot(...model.weights);
    expect(model.gradientNorm).toBeLessThanOrEqual(1e-8);
    expect(worst, "logits of the first row").toBeLessThan(1e-3);
    expect(Math.abs(norm / expected.weights_norm - 1), "norm of the weights").toBeLessThan(1e-4);
    expect(topK(logits, readLabels("probe.test_labels"), 1).accuracy).toBe(expected.top1);
    if (process.env.DIFFTAP_FIGURES)
      process.stdout.write(`l2 ${l2}: logits ${worst}, norm ${norm / expected.weights_norm - 1}\n`);
  });

  test("k-NN weighted by exp(similarity / 0.07)", async () => {
    const neighbours = await nearestNeighbours({
      train: readFloat64("probe.train"),
      test: readFloat64("probe.test"),
      k: 50,
      chunk: 64,
    });
    const labels = readLabels("probe.test_labels");
    const trainLabels = readLabels("probe.train_labels");
    for (const [k, accuracy] of Object.entries(readExpected().knn_weighted_T007)) {
      const { votes } = castVotes(neighbours, Number(k), { trainLabels, classes: 5, temperature: 0.07 });
      expect(topK(votes, labels, 1).accuracy, `k = ${k}`).toBe(accuracy);
    }
  });

  test("confusion matrix, accuracy and accuracy per class", () => {
    const { confusion, pixel_accuracy } = readExpected().segmentation;
    const labels = readBytes("segmentation.labels");
    const kept = labels.map((_, i) => i).filter((i) => labels[i] !== 255);
    const predicted = readBytes("segmentation.predictions");
    const matrix = confusionMatrix(
      kept.map((i) => labels[i]!),
      kept.map((i) => predicted[i]!),
      5,
    );
    expect(matrix).toEqual(confusion);
    const classes = perClassAccuracy(matrix);
    const correct = classes.reduce((sum, each) => sum + each.correct, 0);
    expect(correct / kept.length).toBeCloseTo(pixel_accuracy, 12);
  });
});
