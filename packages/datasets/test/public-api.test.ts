import { expect, it } from "vitest";
import * as api from "../src/index.js";

it("exports exactly this", () => {
  expect(Object.keys(api).sort()).toEqual([
    "centreCrop",
    "datasetKinds",
    "decode",
    "defineDataset",
    "holdOut",
    "kShot",
    "labelsOf",
    "listedIndices",
    "loadImages",
    "openAde20k",
    "openCityscapes",
    "openCoco",
    "openDataset",
    "openDetection",
    "openFolder",
    "openIdxDataset",
    "openMasks",
    "openScenes",
    "openSegmentation",
    "openVoc",
    "openVocSegmentation",
    "openWebDataset",
    "order",
    "renderScene",
    "sceneClasses",
    "sceneFineClasses",
    "splitFraction",
    "squarePixels",
    "subset",
    "unlabelled",
  ]);
});
