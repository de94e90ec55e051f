import { expect, it } from "vitest";
import * as api from "../src/index.js";

it("exports exactly this", () => {
  expect(Object.keys(api).sort()).toEqual([
    "arrayName",
    "assembleChunks",
    "checkRequest",
    "closeSessions",
    "extractFeatures",
    "imageSizeOf",
    "noiseId",
    "openSessions",
    "parseRequest",
    "planExtraction",
    "requestHash",
    "requestedArrays",
    "rowsOfChunks",
    "sampleNoise",
    "sampleShape",
    "sizedTaps",
  ]);
});
