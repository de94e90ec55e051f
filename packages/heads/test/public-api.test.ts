import { expect, test } from "vitest";
import * as api from "../src/index.js";
import * as testing from "../src/testing.js";

test("the public surface is exactly this list", () => {
  expect(Object.keys(api).sort()).toEqual([
    "adaptiveAveragePool",
    "assignTensors",
    "createBatchNorm",
    "createConvolution",
    "createHead",
    "createLayerNorm",
    "createLinear",
    "createTokenizer",
    "createTransformer",
    "defineHead",
    "describeTap",
    "findHead",
    "gelu",
    "headInputs",
    "heads",
    "joinParameters",
    "linearParameters",
    "loadHead",
    "mapsOf",
    "parseSpec",
    "resizeBilinear",
    "restoreHead",
    "saveHead",
  ]);
  expect(Object.keys(testing)).toEqual(["headContract"]);
});
