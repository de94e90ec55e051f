import { expect, it } from "vitest";
import * as api from "../src/index.js";

it("exports exactly this", () => {
  expect(Object.keys(api).sort()).toEqual([
    "describeFinding",
    "heatMapSvg",
    "lineChartSvg",
    "paperNumbers",
    "renderReport",
    "reportProgram",
    "writeFigures",
  ]);
});
