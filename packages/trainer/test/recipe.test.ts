import { ndarray } from "@difftap/core";
import { describe, expect, test } from "vitest";
import { memorySource, paperRecipe, parseRecipe, planTraining, type Recipe } from "../src/index.js";
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
    expect(planTraining({ ...recipe, duration }, 100)).toEqual({
      samples: 100,
      batch: 16,
      stepsPerEpoch: 7,
      steps,
    });
  });
});

test("defaults are filled in, and a complete recipe stays as it is", () => {
  const complete = parseRecipe(paperRecipe);
  expect(complete).toMatchObject({
    optimizer: { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
    labelSmoothing: 0,
    best: "top1",
  });
  expect(parseRecipe(complete)).toEqual(complete);
});

describe("refused", () => {
  test.each([
    ["a batch larger than the set", { batch: 101 }, /batch 101 is larger than the set of 100 samples/],
    ["a batch of 0", { batch: 0 }, /batch is 0/],
    ["two durations", { duration: { epochs: 1, steps: 2 } }, /duration is {"epochs":1,"steps":2}/],
    ["no duration", { duration: {} }, /duration is {}/],
    ["an unknown duration", { duration: { epoch: 1 } }, /duration.epoch is not known/],
    ["half a step", { duration: { steps: 0.5 } }, /duration.steps is 0.5/],
    ["a negative learning rate", { learningRate: -1 }, /learningRate is -1/],
    ["momentum 1", { optimizer: { kind: "sgd", momentum: 1 } }, /optimizer.momentum is 1/],
    ["nesterov alone", { optimizer: { kind: "sgd", nesterov: true } }, /optimizer.nesterov is true/],
    ["an unknown optimiser", { optimizer: { kind: "sdg" } }, /optimizer.kind "sdg" is not known/],
    ["an unknown schedule", { schedule: { kind: "stepp" } }, /schedule.kind "stepp" is not known/],
    [
      "a factor above 1",
      { schedule: { kind: "step", every: { epochs: 1 }, factor: 2 } },
      /schedule.factor is 2/,
    ],
    ["a fractional seed", { seed: 0.5 }, /seed is 0.5/],
    ["all of the target smoothed", { labelSmoothing: 1 }, /labelSmoothing is 1/],
    ["a decay of 1", { ema: { decay: 1 } }, /ema.decay is 1/],
    ["an unknown metric", { best: "top5" }, /best is top5/],
    ["warm-up to the end", { warmUp: { epochs: 5 } }, /warm-up of 35 steps in a training of 35/],
  ])("%s", (_, changed, message) => {
    const plan = () => planTraining({ ...recipe, ...changed } as Recipe, 100);
    expect(plan).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(message) }),
    );
  });

  test.each([
    [{ optimiser: { kind: "sgd" } }, /did you mean "optimizer"\? Known: .*learningRate/],
    [{ optimizer: { kind: "adamm" } }, /did you mean "adam"\? Known: sgd, adam, adamw, lars/],
    [{ optimizer: { kind: "sgd", momentun: 0.9 } }, /did you mean "momentum"/],
    [{ ema: { decay: 0.9, warmup: true } }, /did you mean "warmUp"/],
    [{ schedule: { kind: "cosine", floor: 0 } }, /Known: kind, final/],
    [{ duration: { epoch: 3 } }, /did you mean "epochs"\?/],
    [{ duration: { epochs: 1, steps: 2 } }, /give exactly one of epochs, steps, examples/],
    [{ learningRate: 0 }, /learningRate: .*>0/],
  ])("%j with a hint", (changed, hint) => {
    const parse = () => parseRecipe({ ...recipe, ...changed } as Recipe);
    expect(parse).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }));
  });

  test("features with another number of rows than labels", () => {
    expect(() => memorySource({ x: ndarray("float32", [3, 2]) }, new Int32Array(4))).toThrow(
      expect.objectContaining({ code: "LABELS_MISMATCH", message: "x has 3 rows, but there are 4 labels" }),
    );
  });
});
