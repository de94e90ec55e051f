import { DifftapError } from "@difftap/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ResultsInput, resultsSchema, writeResults } from "../src/index.js";
import { exampleResults } from "./example-run.js";
import { wrongModels } from "./wrong-models.js";

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
  ["more shown than there are", "samples.shown", 7, /samples\.shown: 7 of 6 images/],
  ["evaluations that do not add up", "samples.networkEvaluations", 50, /networkEvaluations: 50 for 6 images/],
  ["a label too few", "samples.labels", [1], /samples\.labels: 1 labels for 6 images/],
  ["DDPM with an eta", "samples.sampler", "ddpm", /samples\.eta: 0\.5 for ddpm/],
  ["DDIM without an eta", "samples.eta", null, /samples\.eta: null for ddim/],
  ["an eta above 1", "samples.eta", 1.5, /samples\.eta/],
  ["a grid that is no picture", "samples.grid", "grid.png", /samples\.grid: has to be a data: address/],
  [
    "two rows of a suite that say the same",
    "suite.rows.1.reading",
    "linear",
    /suite\.rows\[1\]: another row says the same of aircraft, linear/,
  ],
  [
    "a deviation of one seed",
    "suite.rows.1.deviation",
    0.5,
    /suite\.rows\[1\]\.deviation: one seed has none, got 0\.5/,
  ],
  ["a mean outside its interval", "suite.rows.0.value", 0.31, /rows\[0\]\.interval: the value 0\.31 lies/],
  ["a row without a job", "suite.rows.0.folders", [], /suite\.rows\[0\]\.folders/],
  [
    "a paper's number without a source",
    "suite.rows.0.paper",
    { value: 31.6 },
    /rows\[0\]\.paper\.source: .*it is missing/,
  ],
  ["an unknown key of a suite", "suite.failed", [], /suite: unknown key "failed", did you mean "failures"\?/],
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
  ["another mean than the runs'", "heads.0.mean", 61.1, /heads\[0\]\.mean: 61\.1, but the runs' mean is 61/],
  [
    "the deviation of a population",
    "heads.0.deviation",
    0.816,
    /heads\[0\]\.deviation: 0\.816, but the runs' sample standard deviation is 1/,
  ],
  [
    "several runs without deviation",
    "heads.0.deviation",
    null,
    /heads\[0\]\.deviation: several runs have one/,
  ],
  ["a deviation of one run", "heads.1.deviation", 0, /heads\[1\]\.deviation: one run has none, got 0/],
  ["a head without runs", "heads.1.runs", [], /heads\[1\]\.runs/],
  ["a seed twice", "heads.0.runs.2.seed", 0, /heads\[0\]\.runs\[2\]\.seed: seed 0 is there twice/],
  [
    "a failed seed that has a number",
    "heads.0.failures",
    [{ seed: 1, reason: "diverged" }],
    /heads\[0\]\.failures\[0\]\.seed: seed 1 is there twice/,
  ],
  ["a failure without reason", "heads.0.failures", [{ seed: 9 }], /failures\[0\]\.reason: .*it is missing/],
  ["runs on other images", "heads.0.runs.1.top1.n", 10, /runs\[1\]\.top1\.n: 10 images beside 4000/],
  [
    "a run's fraction beside percentages",
    "heads.1.runs.0.top1.value",
    0.58,
    /heads\[1\]\.runs\[0\]\.top1\.interval: the value 0\.58 lies outside/,
  ],
  ["a head without split", "heads.0.split", undefined, /heads\[0\]\.split: .*it is missing/],
  ["two heads of one name", "heads.1.name", "difformer", /heads\[1\]\.name: another head is called/],
  ["an unknown key of a head", "heads.0.tap", "b", /heads\[0\]: unknown key "tap", did you mean "taps"\?/],
  [
    "attention of no head",
    "attention.0.head",
    "linear",
    /attention\[0\]\.head: no head is called "linear"; there are difformer, weighted/,
  ],
  ["attention of another seed", "attention.0.seed", 9, /attention\[0\]: difformer has no run of seed 9/],
  [
    "attention to a tap that is not read",
    "attention.0.examples.0.maps.1.tap",
    "t90/b07",
    /attention\[0\]: difformer does not read tap t90\/b07/,
  ],
  [
    "a map of other cells",
    "attention.0.examples.0.maps.1.height",
    2,
    /maps\[1\]\.weights: 1 weights for 2 × 1 cells/,
  ],
  [
    "a head's map of other cells",
    "attention.0.examples.0.maps.0.heads.1",
    [0.1],
    /maps\[0\]\.heads\[1\]: 1 weights for 1 × 2 cells/,
  ],
  [
    "weights that are not the heads' mean",
    "attention.0.examples.0.maps.0.weights",
    [0.2, 0.2],
    /maps\[0\]\.weights\[1\]: 0\.2, but the heads' mean is 0\.1/,
  ],
  [
    "attention above 1",
    "attention.0.examples.0.maps.1.weights",
    [0.9],
    /attention\[0\]\.examples\[0\]\.maps: the shares at timestep 90 sum to 1\.2/,
  ],
  ["a negative weight", "attention.0.examples.0.maps.1.weights", [-0.1], /maps\[1\]\.weights\[0\]: .*-0\.1/],
  [
    "an attention image from the network",
    "attention.0.examples.0.image",
    "https://example.com/a.png",
    /attention\[0\]\.examples\[0\]\.image: has to be a data:/,
  ],
  ["weights in per cent", "tapWeights.0.taps.0.weight", 25, /tapWeights\[0\]\.taps\[0\]\.weight/],
  [
    "weights of another sum",
    "tapWeights.0.taps.0.weight",
    0.2,
    /tapWeights\[0\]\.taps: the weights sum to 0\.95, not 1/,
  ],
  ["weights of no head", "tapWeights.0.head", "x", /tapWeights\[0\]\.head: no head is called "x"/],
  [
    "shares above 1",
    "tapShares.0.taps.0.weight",
    0.6,
    /tapShares\[0\]\.taps: the shares at timestep 90 sum to 1\.1/,
  ],
  ["shares of another seed", "tapShares.0.seeds", [0, 5], /tapShares\[0\]: difformer has no run of seed 5/],
  ["shares without n", "tapShares.0.n", undefined, /tapShares\[0\]\.n: .*it is missing/],
  [
    "heads gone that others speak of",
    "heads",
    undefined,
    /attention\[0\]\.head: no head is called "difformer"; there are none/,
  ],
  ...wrongModels,
  ["a probability in per cent", "examples.best.0.probability", 99, /best\[0\]\.probability/],
];

describe("the schema of results.json", () => {
  it("takes a complete run and fills in the unit", () => {
    const parsed = resultsSchema.parse(exampleResults());
    expect([parsed.results[0]?.unit, parsed.suite?.rows[0]?.unit]).toEqual(["%", "%"]);
    expect(parsed.grid?.top1[0]).toEqual([57.55, 57.65]);
  });

  it("takes runs as they were before heads had rows of their own", () => {
    const { heads, attention, tapWeights, tapShares, detection, segmentation, ...before } = exampleResults();
    const later = [heads, attention, tapWeights, tapShares, detection, segmentation];
    expect(later.every((part) => part?.length)).toBe(true);
    const parsed = resultsSchema.parse({ ...before, schema: "difftap.results/1" });
    expect([parsed.heads, parsed.detection]).toEqual([undefined, undefined]);
  });

  it("counts a whole for each timestep", () => {
    const results = exampleResults();
    const [shares] = results.tapShares!;
    shares!.taps[1] = { ...shares!.taps[1]!, timestep: "clean", weight: 0.9 };
    expect(resultsSchema.parse(results).tapShares![0]!.taps[1]!.weight).toBe(0.9);
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

describe("a split without objects", () => {
  const nothing = () => {
    const results = exampleResults();
    const [, model] = results.detection!;
    for (const run of model!.runs) {
      Object.assign(run.box, { ap: null, ap50: null });
      run.box.interval = { ap: null, ap50: null };
    }
    model!.perClass = [{ name: "red", objects: 0, ap: null, ap50: null }];
    return { results, model: model! };
  };

  it("has no mean", async () => {
    const { results, model } = nothing();
    expect((await refusal(results)).message).toMatch(/box\.ap: no run has a number, got 20 \(and 1 more\)/);
    const none = { mean: null, deviation: null };
    model.figures = { box: { ap: none, ap50: none } };
    expect(resultsSchema.parse(results).detection![1]!.figures.box.ap50.mean).toBeNull();
  });

  it("has none in any run", async () => {
    const { results, model } = nothing();
    model.figures = { box: { ap: { mean: null, deviation: null }, ap50: { mean: null, deviation: null } } };
    model.runs.push({ ...exampleResults().detection![1]!.runs[0]!, seed: 2 });
    expect((await refusal(results)).message).toMatch(/box\.ap: some runs have a number and others none/);
  });
});
