import { expect, test } from "vitest";
import * as api from "../src/index.js";

test("the public surface is exactly this list", () => {
  expect(Object.keys(api).sort()).toEqual([
    "DEFAULT_NEIGHBOURS",
    "DEFAULT_TEMPERATURE",
    "accuracyResult",
    "bootstrapInterval",
    "castVotes",
    "confidences",
    "confusionMatrix",
    "defaultL2Values",
    "frechetDistance",
    "kernelDistance",
    "knn",
    "nearestNeighbours",
    "openFeatureNetwork",
    "perClassAccuracy",
    "predictions",
    "probeLogits",
    "solvedLinearProbe",
    "sweepL2",
    "topK",
    "wilsonInterval",
  ]);
});
