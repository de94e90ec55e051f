/** A suite for tests: numbers beside a paper's, several to a reading, one without a unit; a job that failed, two that are missing. */
import type { ResultsInput } from "@difftap/run-folder";
import { bareResults, HOSTILE } from "./example-runs.js";

type Row = NonNullable<ResultsInput["suite"]>["rows"][number];

const row = (dataset: string, reading: string, rest: Partial<Row> = {}): Row => ({
  ...{ dataset, reading, metric: "top-1", value: 31, deviation: 1.25, interval: [28, 34.5], n: 3333 },
  ...{ protocol: "linear head, sgd", split: "test", seeds: [0, 1], folders: [`jobs/${dataset}-${reading}`] },
  ...rest,
});

const suite: NonNullable<ResultsInput["suite"]> = {
  rows: [
    row("aircraft", "linear", { paper: { value: 31.6, source: "arXiv 2311.17921, chart" } }),
    row("aircraft", "heads", { name: "DifFormer", value: 65.45, deviation: null, interval: [63, 68] }),
    row("bccd", "detect", { metric: "AP50", value: 71.25, interval: [65, 77], seeds: [0, 1, 2], n: 72 }),
    row("bccd", "loss", {
      metric: "error",
      unit: "",
      value: 0.0312,
      deviation: null,
      interval: [0.03, 0.04],
    }),
  ],
  failures: [{ job: HOSTILE, reason: "exit 3: the <test> set has class 101" }],
  missing: ["cars, linear", "cars, heads"],
};

export const suiteResults = (): ResultsInput => ({
  ...bareResults(),
  kind: "suite",
  title: "Fine-grained",
  suite,
});
