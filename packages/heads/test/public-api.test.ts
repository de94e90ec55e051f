import { expect, test } from "vitest";
import * as api from "../src/index.js";
import * as testing from "../src/testing.js";

test("the public surface is exactly this list", () => {
  expect(Object.keys(api).sort()).toEqual([
    "adaptiveAveragePool",
    "assignTensors",
    "createHead",
    "defineHead",
    "describeTap",
    "findHead",
    "heads",
    "linearParameters",
    "mapsOf",
    "parseSpec",
    "restoreHead",
    "saveHead",
  ]);
  expect(Object.keys(testing)).toEqual(["headContract"]);
});
