import { expect, test } from "vitest";
import * as api from "../dist/index.js";

test("the public surface is exactly this list", () => {
  expect(Object.keys(api).sort()).toEqual([
    "BACKBONE",
    "EMBEDDED_MODEL",
    "classCount",
    "classTables",
    "evalProgram",
    "extractToStore",
    "imageOptions",
    "isStore",
    "modelOptions",
    "namesOf",
    "noiseOf",
    "openMapReader",
    "openModel",
    "openSavedHead",
    "picturesOf",
    "readImageFeatures",
    "readLabelled",
    "readStoredFeatures",
    "selectImages",
    "servingInputs",
    "tapOptions",
    "withRuntime",
  ]);
});
