/** Models that say themselves what they minimise: terms, their log, measuring on the way, and going on after an interruption. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ndarray, type RandomAddress } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { describeEngines } from "@difftap/testing/engines";
import { beforeAll, describe, expect, test } from "vitest";
import { memorySource, type ObjectiveModel, type Recipe, trainObjective } from "../src/index.js";

const recipe = {
  optimizer: { kind: "sgd" },
  learningRate: 0.1,
  schedule: { kind: "constant" },
  duration: { epochs: 3 },
  batch: 4,
  seed: 5,
} as const satisfies Recipe;

const inputs = Float32Array.from({ length: 12 }, (_, i) => (i % 5) / 5 - 0.4);
const wanted = inputs.map((x) => 3 * x + 1);
const source = memorySource(
  { x: ndarray("float32", [12], inputs), y: ndarray("float32", [12], wanted) },
  new Int32Array(12),
);

/** y = slope·x + offset, by squared error and a small penalty on the slope. */
function line(): ObjectiveModel & { readonly numbers: () => number[] } {
  const slope = tf.variable(tf.scalar(0));
  const offset = tf.variable(tf.scalar(0));
  return {
    variables: new Map([
      ["slope", slope],
      ["offset", offset],
    ]),
    buffers: new Map(),
    description: { kind: "line" },
    objective: ({ x, y }) => ({
      error: tf.mean(tf.squaredDifference(tf.add(tf.mul(x!, slope), offset), y!)) as tf.Scalar,
      penalty: tf.mul(tf.square(slope), 0.01) as tf.Scalar,
    }),
    numbers: () => [slope, offset].map((each) => each.dataSync()[0]!),
  };
}

/** The same in plain numbers, in the order that the seed gives: full batches make the order matter. */
function stepOf([slope, offset]: [number, number], xs: readonly number[], ys: readonly number[]) {
  const errors = xs.map((x, i) => slope * x + offset - ys[i]!);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const dSlope = 2 * mean(errors.map((error, i) => error * xs[i]!)) + 0.02 * slope;
  const dOffset = 2 * mean(errors);
  return {
    error: mean(errors.map((error) => error ** 2)),
    penalty: 0.01 * slope ** 2,
    next: [slope - 0.1 * dSlope, offset - 0.1 * dOffset] as [number, number],
  };
}

describeEngines("on", () => {
  test("the sum of the terms is minimised, and each is logged", async () => {
    const folder = mkdtempSync(join(tmpdir(), "difftap-objective-"));
    const model = line();
    const held = tf.memory().numTensors;
    const whole: Recipe = { ...recipe, batch: 12, duration: { steps: 2 } };
    const result = await trainObjective({ model, source, recipe: whole, folder });
    expect(tf.memory().numTensors).toBe(held);
    const first = stepOf([0, 0], [...inputs], [...wanted]);
    const second = stepOf(first.next, [...inputs], [...wanted]);
    model.numbers().forEach((value, i) => {
      expect(value).toBeCloseTo(second.next[i]!, 5);
    });
    expect(result).toMatchObject({ steps: 2, resumedFrom: 0, measures: undefined });
    const lines = readFileSync(join(folder, "metrics.jsonl"), "utf8").trim().split("\n");
    const values = lines.map((text) => (JSON.parse(text) as { values: Record<string, number> }).values);
    for (const [i, { error, penalty }] of [first, second].entries()) {
      expect(values[i]!.error).toBeCloseTo(error, 5);
      expect(values[i]!.penalty).toBeCloseTo(penalty, 6);
      expect(values[i]!.loss).toBeCloseTo(error + penalty, 5);
    }
  });
});

describe("in the course of a training", () => {
  beforeAll(async () => {
    await selectEngine("cpu");
  });

  test("what is measured is the average, after each epoch, and it is logged and returned", async () => {
    const folder = mkdtempSync(join(tmpdir(), "difftap-objective-"));
    const model = line();
    const seen: number[] = [];
    const measure = async () => {
      seen.push(model.numbers()[0]!);
      return { slope: model.numbers()[0]! };
    };
    const averaged: Recipe = { ...recipe, ema: { decay: 0.9 } };
    const { measures } = await trainObjective({ model, source, recipe: averaged, folder, measure });
    expect(seen).toHaveLength(3);
    expect(measures).toEqual({ slope: seen[2] });
    expect(model.numbers()[0]).toBe(seen[2]);
    const plain = line();
    await trainObjective({ model: plain, source, recipe });
    expect(plain.numbers()[0]).toBeGreaterThan(seen[2]!);
    const logged = readFileSync(join(folder, "metrics.jsonl"), "utf8").match(/"split":"validation"/g);
    expect(logged).toHaveLength(3);
  });

  test("stopped after an epoch and continued, it ends in the same numbers", async () => {
    const straight = line();
    await trainObjective({ model: straight, source, recipe });
    const folder = mkdtempSync(join(tmpdir(), "difftap-objective-"));
    await trainObjective({ model: line(), source, recipe: { ...recipe, duration: { epochs: 1 } }, folder });
    const model = line();
    const measure = async () => ({ slope: model.numbers()[0]! });
    const { resumedFrom } = await trainObjective({ model, source, recipe, folder, measure });
    expect(resumedFrom).toBe(3);
    expect(model.numbers()).toEqual(straight.numbers());
    const again = await trainObjective({ model: line(), source, recipe, folder, measure });
    expect(again).toMatchObject({ resumedFrom: 9, measures: { slope: model.numbers()[0] } });
  });

  test("a source may say in which order it is read, epoch by epoch", async () => {
    const seen: number[][] = [];
    const own = {
      ...source,
      order: ({ index }: RandomAddress) =>
        Uint32Array.from({ length: 12 }, (_, i) => (i + Number(index)) % 12),
      batches: (indices: Uint32Array, options: Parameters<typeof source.batches>[1]) => {
        seen.push([...indices]);
        return source.batches(indices, options);
      },
    };
    await trainObjective({ model: line(), source: own, recipe: { ...recipe, duration: { epochs: 2 } } });
    expect(seen).toEqual([0, 1].map((epoch) => Array.from({ length: 12 }, (_, i) => (i + epoch) % 12)));
  });

  test("a loss that is not finite stops it, naming the step", async () => {
    const model = line();
    const objective = () => ({
      root: tf.sqrt(
        tf.sub(tf.add(model.variables.get("slope")!, model.variables.get("offset")!), 1),
      ) as tf.Scalar,
    });
    await expect(trainObjective({ model: { ...model, objective }, source, recipe })).rejects.toThrow(
      "loss NaN at step 1",
    );
  });

  test("settings that only classifiers have are refused", async () => {
    const mixed: Recipe = { ...recipe, mixup: 0.2, patience: 3 };
    await expect(trainObjective({ model: line(), source, recipe: mixed })).rejects.toThrow(
      "only classifiers have mixup and patience",
    );
  });
});
