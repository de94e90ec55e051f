import { expect, test } from "vitest";
import * as api from "../src/index.js";

test("the public surface is exactly this list", () => {
  expect(Object.keys(api).sort()).toEqual([
    "augmentImages",
    "evaluate",
    "evaluateMany",
    "latestCheckpoint",
    "learningRateAt",
    "memorySource",
    "paperRecipe",
    "parseRecipe",
    "planTraining",
    "readCheckpoint",
    "recipeSchema",
    "restoreModel",
    "train",
    "trainMany",
  ]);
});
