import { expect, test } from "vitest";
import * as api from "../src/index.js";

test("the public surface is exactly this list", () => {
  expect(Object.keys(api).sort()).toEqual([
    "checkpointWeights",
    "coefficientsAt",
    "drawSamples",
    "drawnLosses",
    "losses",
    "memoryImages",
    "noised",
    "parsePretrainingRecipe",
    "pictureGrid",
    "predictions",
    "pretrain",
    "pretrainingLosses",
    "pretrainingRecipeSchema",
    "timestepSampling",
  ]);
});
