import { expect, it } from "vitest";
import * as api from "../src/index.js";

it("exports exactly this", () => {
  expect(Object.keys(api).sort()).toEqual([
    "chooseChunkSamples",
    "createFeatureStore",
    "openFeatureStore",
    "shardChunks",
    "shuffleByChunk",
    "timesFile",
  ]);
});
