import { expect, it } from "vitest";
import { resultsSchema } from "../src/index.js";
import { exampleAnalysis } from "./example-analysis.js";
import { exampleResults } from "./example-run.js";

const PIXEL = exampleResults().samples!.grid;

/** Messages for an analysis with one field set; undefined takes it away. */
function complaints(path: string, value: unknown): string[] {
  const analysis: unknown = structuredClone(exampleAnalysis(PIXEL));
  const keys = path.split(".");
  const last = keys.pop()!;
  const parent = keys.reduce((inner, key) => (inner as Record<string, unknown>)[key], analysis) as Record<
    string,
    unknown
  >;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  const { error } = resultsSchema.safeParse({ ...exampleResults(), kind: "analysis", analysis });
  return (error?.issues ?? []).map((issue) => `${issue.path.slice(1).join(".")}: ${issue.message}`);
}

it("takes an analysis with every part, and with none", () => {
  const { analysis } = resultsSchema.parse({
    ...exampleResults(),
    kind: "analysis",
    analysis: exampleAnalysis(PIXEL),
  });
  expect(analysis).toEqual(exampleAnalysis(PIXEL));
  expect(resultsSchema.parse({ ...exampleResults(), kind: "analysis", analysis: {} }).analysis).toEqual({});
});

it.each([
  ["a surface of too few rows", "draws.0.values", [], /draws\.0\.values: 0 rows for 1/],
  ["a surface of too many columns", "draws.0.intervals.0", [null], /draws\.0\.intervals\.0: 1 columns for 2/],
  [
    "a value without interval",
    "draws.0.values.0.1",
    4,
    /draws\.0\.intervals\.0\.1: .*together or not at all/,
  ],
  ["a value outside its interval", "sphere.0.values.0.0", 0.4, /sphere\.0\.intervals\.0\.0: the value 0\.4/],
  ["a surface without n", "neighbours.purity.n", undefined, /neighbours\.purity\.n/],
  ["another unit", "draws.0.unit", "px", /draws\.0\.unit/],
  ["a matrix of other columns", "cka.0.columns", ["t50/b08"], /cka\.0\.values\.0: 2 columns for 1/],
  ["a matrix without seeds", "cka.0.seeds", [], /cka\.0\.seeds/],
  ["maps that a picture lacks", "components.taps.0.maps", [], /taps\.0\.maps: 0 maps of 1 pictures/],
  ["explained variance in per cent", "components.taps.0.explained.0", 50, /explained\.0/],
  ["two components", "components.taps.0.explained", [0.1, 0.1], /explained/],
  [
    "a neighbour from the network",
    "neighbours.shown.0.queries.0.neighbours.0.image",
    "https://a.b",
    /data: address/,
  ],
  ["a distance below 0", "correspondence.examples.0.points.0.best.distance", -1, /best\.distance/],
  ["an example without pixels", "correspondence.examples.0.to.image", undefined, /examples\.0\.to\.image/],
  ["a choice without a rung", "choice.rungs", [], /choice\.rungs/],
  ["regret outside its interval", "choice.regret.value", 0.2 + 9, /choice\.regret\.interval: the value 9\.2/],
  ["a head that is fused from nothing", "fusion.0.stages", [], /fusion\.0\.stages/],
  ["an unknown part", "sphere.0.metrics", "x", /unknown key "metrics", did you mean "metric"\?/],
])("refuses %s", (_, path, value, message) => {
  expect(complaints(path, value).join("\n")).toMatch(message);
});
