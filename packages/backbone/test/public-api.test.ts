import { expect, it } from "vitest";
import * as api from "../src/index.js";

it("exports exactly these", () => {
  expect(Object.keys(api).sort()).toEqual([
    "architectureFromFlags",
    "blockParameters",
    "blockTable",
    "checkClassifierWeights",
    "checkImageSize",
    "checkWeights",
    "classifier",
    "classifierParameterShapes",
    "classifierPools",
    "classifierPresets",
    "feedbackLetters",
    "findBlock",
    "inferArchitecture",
    "kernelShape",
    "macsUpTo",
    "missingWeightsFile",
    "parameterCount",
    "parameterShapes",
    "parseArchitecture",
    "parseClassifier",
    "planFeedback",
    "presetFor",
    "presets",
    "publishedFiles",
    "randomWeights",
    "readShapes",
    "resumeUnet",
    "sideMultiple",
    "sizeName",
    "unet",
  ]);
});
