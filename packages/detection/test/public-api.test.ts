import { expect, test } from "vitest";
import * as api from "../src/index.js";
import * as testing from "../src/testing.js";

test("the public surface is exactly this list", () => {
  expect(Object.keys(api).sort()).toEqual([
    "binaryCrossEntropy",
    "createDetector",
    "defineDetector",
    "defineFcos",
    "defineNeck",
    "detectors",
    "diceLoss",
    "findDetector",
    "focalLoss",
    "generalisedIouLoss",
    "necks",
    "overlapOf",
    "restoreDetector",
    "saveDetector",
    "stackTargets",
    "strideOf",
    "suppressOverlaps",
    "targetMaker",
  ]);
  expect(Object.keys(testing)).toEqual(["detectorContract"]);
});
