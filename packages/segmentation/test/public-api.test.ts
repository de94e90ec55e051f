import { expect, test } from "vitest";
import * as api from "../src/index.js";
import * as testing from "../src/testing.js";

test("the public surface is exactly this list", () => {
  expect(Object.keys(api).sort()).toEqual([
    "createLevelFusion",
    "createPixelDecoder",
    "createPyramidPooling",
    "createSegmenter",
    "crossEntropy",
    "defineSegmenter",
    "findSegmenter",
    "inMultiplesOf",
    "labelMapEntry",
    "labelMapOf",
    "multiScale",
    "pixelDecoderFields",
    "resizeChannelsLast",
    "restoreSegmenter",
    "segmenters",
    "slidingWindow",
    "stackLabelMaps",
    "windowsOver",
  ]);
  expect(Object.keys(testing)).toEqual(["segmenterContract"]);
});
