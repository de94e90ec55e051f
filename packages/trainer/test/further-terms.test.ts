/** What a model may ask for beyond a head: rates of its own by parameter, a further term of the loss, inputs that mixup leaves alone. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ndarray } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { describeEngines } from "@difftap/testing/engines";
import { beforeAll, describe, expect, test } from "vitest";
import { engineBatch } from "../src/batch.js";
import { type Recipe, type Trainable, train } from "../src/index.js";
import { CLASSES, DIMENSIONS, learnable, linearModel } from "./model.js";

const oneStep = {
  optimizer: { kind: "sgd" },
  learningRate: 0.05,
  schedule: { kind: "constant" },
  duration: { steps: 1 },
  batch: 16,
  seed: 3,
} as const satisfies Recipe;

const WEIGHTS = CLASSES * DIMENSIONS;

/** How far each parameter went in one step. */
async function moved(more: Partial<Trainable> = {}, folder?: string): Promise<number[]> {
  const model = linearModel();
  const before = model.weights();
  await train({ model: { ...model, ...more }, source: learnable(64).source, recipe: oneStep, folder });
  return model.weights().map((after, i) => after - before[i]!);
}

describeEngines("on", () => {
  test("a parameter moves by its share of the learning rate", async () => {
    const whole = await moved();
    const shared = await moved({ rateShares: new Map([["weight", 0.25]]) });
    const stopped = await moved({ rateShares: new Map([["weight", 0]]) });
    whole.forEach((step, i) => {
      expect(shared[i]).toBeCloseTo(i < WEIGHTS ? step / 4 : step, 6);
      expect(stopped[i]).toBeCloseTo(i < WEIGHTS ? 0 : step, 6);
    });
  });

  test("a further term is minimised by its weight, logged without it, and leaves no tensor behind", async () => {
    const model = linearModel();
    const [initial, weight] = [model.weights(), model.variables.get("weight")!];
    const folder = mkdtempSync(join(tmpdir(), "difftap-terms-"));
    const held = tf.memory().numTensors;
    const penalty = { name: "squares", weight: 0.5, loss: () => tf.sum(tf.square(weight)) as tf.Scalar };
    const recipe = { ...oneStep, clipNorm: 100 };
    await train({
      model: { ...model, furtherTerm: penalty },
      source: learnable(64).source,
      recipe,
      folder,
    });
    expect(tf.memory().numTensors).toBe(held);
    const plain = await moved();
    model.weights().forEach((after, i) => {
      const pulled = i < WEIGHTS ? 0.5 * 0.05 * 2 * initial[i]! : 0;
      expect(after - initial[i]!).toBeCloseTo(plain[i]! - pulled, 6);
    });
    const [line] = readFileSync(join(folder, "metrics.jsonl"), "utf8").trim().split("\n");
    const { values } = JSON.parse(line!) as { values: Record<string, number> };
    const squares = initial.slice(0, WEIGHTS).reduce((sum, each) => sum + each ** 2, 0);
    expect(values.squares).toBeCloseTo(squares, 5);
    expect(values.loss).toBeGreaterThan(0.5 * squares);
    expect(values.gradientNorm).toBeGreaterThan(0);
  });
});

describe("beside features", () => {
  beforeAll(async () => {
    await selectEngine("cpu");
  });

  test("arrays come through mixup as they are", () => {
    tf.tidy(() => {
      const x = ndarray("float32", [2, 1], Float32Array.of(1, 3));
      const mixing = { share: 0.5, partners: Int32Array.of(1, 0) };
      const batch = { features: { x }, beside: { noise: x }, labels: Int32Array.of(0, 1) };
      const { features } = engineBatch(batch, mixing);
      expect([...features.x!.dataSync()]).toEqual([2, 2]);
      expect([...features.noise!.dataSync()]).toEqual([1, 3]);
    });
  });
});
