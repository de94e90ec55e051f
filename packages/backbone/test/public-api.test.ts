import { expect, it } from "vitest";
import * as api from "../src/index.js";

it("exports exactly these", () => {
  expect(Object.keys(api).sort()).toEqual([
    "architectureFromFlags",
    "blockTable",
    "checkImageSize",
    "checkWeights",
    "findBlock",
    "inferArchitecture",
    "kernelShape",
    "macsUpTo",
    "missingWeightsFile",
    "parameterCount",
    "parameterShapes",
    "parseArchitecture",
    "presetFor",
    "presets",
    "publishedFiles",
    "randomWeights",
    "readShapes",
    "sideMultiple",
    "unet",
  ]);
});
