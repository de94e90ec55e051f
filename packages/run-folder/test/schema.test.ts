import { DifftapError } from "@difftap/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ResultsInput, resultsSchema, writeResults } from "../src/index.js";
import { exampleResults } from "./example-run.js";

/** The error that writing these results gives; nothing is written before the check. */
async function refusal(results: unknown): Promise<DifftapError> {
  const error = await writeResults("/nowhere", results as ResultsInput).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(DifftapError);
  return error as DifftapError;
}

/** The example with one field set; undefined takes it away. */
function withField(path: string, value: unknown): unknown {
  const results: unknown = structuredClone(exampleResults());
  const keys = path.split(".");
  const last = keys.pop()!;
  const parent = keys.reduce((inner, key) => (inner as Record<string, unknown>)[key], results) as Record<
    string,
    unknown
  >;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return results;
}

const wrong: readonly (readonly [what: string, field: string, value: unknown, message: RegExp])[] = [
  ["an unknown key", "titel", "x", /unknown key "titel", did you mean "title"\?/],
  [
    "an unknown key deep inside",
    "grid.timestep",
    1,
    /grid: unknown key "timestep", did you mean "timesteps"\?/,
  ],
  ["a missing protocol", "results.0.protocol", undefined, /results\[0\]\.protocol: .*it is missing/],
  ["no seeds", "results.0.seeds", [], /results\[0\]\.seeds/],
  ["n of zero", "results.0.n", 0, /results\[0\]\.n: .*got 0/],
  ["NaN", "results.0.value", Number.NaN, /results\[0\]\.value: .*NaN/],
  [
    "a fraction beside percentages",
    "results.0.value",
    0.57,
    /results\[0\]\.interval: the value 0\.57 lies outside/,
  ],
  [
    "an interval upside down",
    "results.0.interval",
    [60, 50],
    /results\[0\]\.interval: an interval is \[lower, upper\]/,
  ],
  ["another schema", "schema", "difftap.results/2", /schema: .*difftap\.results\/2/],
  ["an unknown kind", "kind", "segment", /kind: .*"segment"/],
  ["too few rows", "grid.top1", [[57.55, 57.65]], /grid\.top1: 1 rows for 2 timesteps/],
  ["too few columns", "grid.top1.1", [50], /grid\.top1\[1\]: 1 columns for 2 blocks/],
  ["more than 100 per cent", "grid.top1.0.0", 101, /grid\.top1\[0\]\[0\]/],
  [
    "a value without interval",
    "grid.interval.0.0",
    null,
    /grid\.interval\[0\]\[0\]: a value and its interval/,
  ],
  [
    "a cell outside its interval",
    "grid.top1.0.0",
    0.57,
    /grid\.interval\[0\]\[0\]: the value 0\.57 lies outside/,
  ],
  ["a block table of another length", "grid.blockTable", [], /grid\.blockTable: 0 entries for 2 blocks/],
  [
    "a baseline of another length",
    "grid.baselines.1.top1",
    [1],
    /grid\.baselines\[1\]\.top1: 1 entries for 2 blocks/,
  ],
  ["one interval for many numbers", "grid.baselines.1.interval", [1, 2], /one interval per block/],
  ["a confusion matrix that is not square", "confusion.matrix.0", [1], /confusion\.matrix: .*2 labels/],
  [
    "an image from the network",
    "examples.best.0.image",
    "https://example.com/a.png",
    /best\[0\]\.image: has to be a data:/,
  ],
  [
    "an image that breaks out",
    "examples.best.0.image",
    'data:image/png;base64,AA"onload="x',
    /best\[0\]\.image: has to be/,
  ],
  ["a probability in per cent", "examples.best.0.probability", 99, /best\[0\]\.probability/],
];

describe("the schema of results.json", () => {
  it("takes a complete run and fills in the unit", () => {
    const parsed = resultsSchema.parse(exampleResults());
    expect(parsed.results[0]?.unit).toBe("%");
    expect(parsed.grid?.top1[0]).toEqual([57.55, 57.65]);
  });

  it.each(wrong)("refuses %s and names the field", async (_, field, value, message) => {
    const error = await refusal(withField(field, value));
    expect(error.code).toBe("USAGE_INVALID");
    expect(error.message).toMatch(message);
  });

  it("answers anything at all with results or a DifftapError", async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (value) => {
        expect((await refusal(value)).code).toBe("USAGE_INVALID");
      }),
      { numRuns: 500 },
    );
  });
});
