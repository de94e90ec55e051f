import { expect, it } from "vitest";
import * as api from "../src/index.js";

it("exports exactly this", () => {
  expect(Object.keys(api).sort()).toEqual([
    "RESULTS_SCHEMA",
    "appendMetric",
    "closedObject",
    "createRunFolder",
    "environmentSchema",
    "exampleSchema",
    "gridSchema",
    "metricSchema",
    "overSeeds",
    "readMetrics",
    "readRunFolder",
    "resultSchema",
    "resultsSchema",
    "runFiles",
    "thinPoints",
    "writeFigure",
    "writeResults",
  ]);
});
