import { ndarray } from "@difftap/core";
import { describe, expect, test } from "vitest";
import { learningRateAt, memorySource, paperRecipe, planTraining, type Recipe } from "../src/index.js";
import { recipe } from "./model.js";

describe("duration", () => {
  test.each([
    [{ epochs: 3 }, 21],
    [{ epochs: 0.5 }, 4],
    [{ steps: 5 }, 5],
    [{ examples: 100 }, 7],
    [{ examples: 101 }, 8],
    [{ examples: 216 }, 15],
  ])("%j over 100 samples in batches of 16 takes %i steps", (duration, steps) => {
    expect(planTraining({ ...recipe, duration }, 100)).toEqual({ steps, stepsPerEpoch: 7 });
  });
});

test("the paper's learning rate falls tenfold every 7 epochs", () => {
  const rates = [0, 69, 70, 139, 140, 210].map((step) => learningRateAt(paperRecipe, step, 10));
  [1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-5].forEach((rate, i) => {
    expect(rates[i]).toBeCloseTo(rate, 12);
  });
  expect(learningRateAt({ ...recipe, schedule: { kind: "constant" } }, 1000, 10)).toBe(0.05);
});

describe("refused", () => {
  test.each([
    ["a batch larger than the set", { batch: 101 }, /batch 101 is larger than the set of 100 samples/],
    ["a batch of 0", { batch: 0 }, /batch is 0/],
    ["two durations", { duration: { epochs: 1, steps: 2 } }, /duration is given as epochs and steps/],
    ["no duration", { duration: {} }, /duration is given as none/],
    ["an unknown duration", { duration: { epoch: 1 } }, /duration "epoch" is not known/],
    ["half a step", { duration: { steps: 0.5 } }, /steps is 0.5/],
    ["a negative learning rate", { learningRate: -1 }, /learning rate is -1/],
    ["momentum 1", { optimizer: { kind: "sgd", momentum: 1 } }, /momentum is 1/],
    ["an unknown optimiser", { optimizer: { kind: "sdg" } }, /optimizer "sdg" is not known/],
    ["an unknown schedule", { schedule: { kind: "stepp" } }, /schedule "stepp" is not known/],
    ["a factor above 1", { schedule: { kind: "step", every: 1, factor: 2 } }, /schedule.factor is 2/],
    ["a fractional seed", { seed: 0.5 }, /seed is 0.5/],
  ])("%s", (_, changed, message) => {
    const plan = () => planTraining({ ...recipe, ...changed } as Recipe, 100);
    expect(plan).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(message) }),
    );
  });

  test("features with another number of rows than labels", () => {
    expect(() => memorySource({ x: ndarray("float32", [3, 2]) }, new Int32Array(4))).toThrow(
      expect.objectContaining({ code: "LABELS_MISMATCH", message: "x has 3 rows, but there are 4 labels" }),
    );
  });
});
