import { expect, test } from "vitest";
import * as api from "../src/index.js";
import * as testing from "../src/testing.js";

test("the public surface is exactly this list", () => {
  expect(Object.keys(api).sort()).toEqual([
    "adaptiveAveragePool",
    "assignTensors",
    "constantVariable",
    "createBatchNorm",
    "createConvolution",
    "createFeaturePyramid",
    "createFeedback",
    "createGroupNorm",
    "createHead",
    "createLayerNorm",
    "createLinear",
    "createTokenizer",
    "createTransformer",
    "defineHead",
    "describeTap",
    "findHead",
    "findNamed",
    "gelu",
    "headInputs",
    "heads",
    "joinParameters",
    "linearParameters",
    "loadHead",
    "mapsOf",
    "normalVariable",
    "parseSpec",
    "resizeBilinear",
    "restoreHead",
    "saveHead",
    "weightAndBias",
  ]);
  expect(Object.keys(testing).sort()).toEqual([
    "disposeFeatures",
    "exampleFeatures",
    "firstRow",
    "headContract",
    "requireGradients",
    "requireRepeatable",
    "requireSeed",
    "tensorsOf",
  ]);
});
