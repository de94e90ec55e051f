import { permutation, streams } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { describeEngines } from "@difftap/testing/engines";
import { beforeAll, describe, expect, test } from "vitest";
import { evaluate, train } from "../src/index.js";
import { CLASSES, DIMENSIONS, learnable, linearModel, recipe } from "./model.js";

/** The same training in float64, by formula; nothing shared with the package but the order of the samples. */
function byHand(
  { optimizer, learningRate, batch, seed }: typeof recipe,
  epochs: number,
  n: number,
): number[] {
  const { x, labels } = learnable(n);
  const model = linearModel();
  const parameters = model.weights();
  model.dispose();
  const velocity = parameters.map(() => 0);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = permutation({ seed, stream: streams.order, index: epoch }, n);
    const rate = learningRate * 0.1 ** Math.floor(epoch / 2);
    for (let start = 0; start < n; start += batch) {
      const rows = Array.from(order.subarray(start, start + batch));
      const gradient = parameters.map((each) => optimizer.weightDecay * each);
      for (const row of rows) {
        const values = Array.from(x.data.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS));
        const logits = Array.from({ length: CLASSES }, (_, k) =>
          values.reduce(
            (sum, each, d) => sum + each * parameters[k * DIMENSIONS + d]!,
            parameters[CLASSES * DIMENSIONS + k]!,
          ),
        );
        const total = logits.reduce((sum, each) => sum + Math.exp(each), 0);
        logits.forEach((logit, k) => {
          const residual = (Math.exp(logit) / total - (k === labels[row] ? 1 : 0)) / rows.length;
          gradient[CLASSES * DIMENSIONS + k]! += residual;
          values.forEach((each, d) => {
            gradient[k * DIMENSIONS + d]! += residual * each;
          });
        });
      }
      gradient.forEach((each, i) => {
        velocity[i] = optimizer.momentum * velocity[i]! + each;
        parameters[i]! -= rate * velocity[i]!;
      });
    }
  }
  return parameters;
}

describeEngines("training on", () => {
  test("is SGD with momentum, weight decay, steps in the learning rate and a shorter last batch", async () => {
    const model = linearModel();
    const result = await train({ model, source: learnable(70).source, recipe });
    const expected = byHand(recipe, 5, 70);
    expect(result).toMatchObject({ steps: 25, resumedFrom: 0, checkpoint: undefined });
    model.weights().forEach((each, i) => {
      expect(Math.abs(each - expected[i]!)).toBeLessThan(1e-5);
    });
  });

  test("learns, and holds no more tensors after it", async () => {
    const model = linearModel();
    const held = tf.memory().numTensors;
    const validation = learnable(90, 2).source;
    const { evaluation, loss } = await train({ model, source: learnable(300).source, validation, recipe });
    expect(tf.memory().numTensors).toBe(held);
    expect(evaluation!.n).toBe(90);
    expect(evaluation!.top1).toBeGreaterThan(0.7);
    expect(loss).toBeLessThan(Math.log(CLASSES));
  });

  test("repeats bit for bit, and another seed gives another order", async () => {
    const run = async (seed: number) => {
      const model = linearModel();
      await train({ model, source: learnable(70).source, recipe: { ...recipe, seed } });
      return model.weights();
    };
    const first = await run(1);
    expect(await run(1)).toEqual(first);
    expect(await run(2)).not.toEqual(first);
  });
});

describe("evaluation", () => {
  beforeAll(async () => {
    await selectEngine("cpu");
  });

  test("counts every sample once, whatever the batch", async () => {
    const model = linearModel();
    const { source, x, labels } = learnable(50);
    const whole = await evaluate(model, source, { batch: 50 });
    for (const batch of [1, 7, 49, 64]) {
      const parts = await evaluate(model, source, { batch });
      expect(parts.logits).toEqual(whole.logits);
      expect(parts.labels).toEqual(labels);
      expect(parts.correct).toBe(whole.correct);
      expect(parts.loss).toBeCloseTo(whole.loss, 6);
    }
    expect(whole.logits.shape).toEqual([x.shape[0], CLASSES]);
  });

  test("over no samples is refused", async () => {
    const nothing = { ...learnable(3).source, length: 0 };
    await expect(evaluate(linearModel(), nothing, { batch: 1 })).rejects.toMatchObject({
      code: "USAGE_INVALID",
    });
  });

  test("is told apart from training", async () => {
    const seen: boolean[] = [];
    const model = linearModel();
    const watched = {
      ...model,
      forward: (...given: Parameters<typeof model.forward>) => {
        seen.push(given[1].training);
        return model.forward(...given);
      },
    };
    const { source } = learnable(32);
    await train({
      model: watched,
      source,
      validation: source,
      recipe: { ...recipe, duration: { epochs: 2 } },
    });
    expect(seen).toEqual([true, true, false, false, true, true, false, false]);
  });
});

describe("stops", () => {
  beforeAll(async () => {
    await selectEngine("cpu");
  });

  test("at divergence, naming step, learning rate and checkpoint", async () => {
    const diverging = train({
      model: linearModel(),
      source: learnable(64).source,
      recipe: { ...recipe, learningRate: 1e6 },
    });
    await expect(diverging).rejects.toMatchObject({
      code: "NUMERIC",
      message: expect.stringMatching(
        /^loss .+ at step \d+ \(epoch .+, learning rate 1000000\): training diverged; last good checkpoint: none$/,
      ),
    });
  });

  test("at features that are no numbers, naming the tap", async () => {
    const { x, source } = learnable(64);
    x.data[100] = Number.NaN;
    const held = tf.memory().numTensors;
    const model = linearModel();
    await expect(train({ model, source, recipe })).rejects.toMatchObject({
      code: "NUMERIC",
      details: { tap: "x" },
    });
    model.dispose();
    expect(tf.memory().numTensors).toBe(held);
  });

  test("at labels the model has no logits for", async () => {
    const { labels, source } = learnable(64);
    labels[10] = CLASSES;
    await expect(train({ model: linearModel(), source, recipe })).rejects.toMatchObject({
      code: "LABELS_MISMATCH",
      message: "label 3, but the model has logits for classes 0 … 2",
    });
  });
});
