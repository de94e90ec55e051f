/** A run of generated images for tests. */
import type { ResultsInput } from "@difftap/run-folder";
import { bareResults, PIXEL } from "./example-runs.js";

export const samples: NonNullable<ResultsInput["samples"]> = {
  grid: PIXEL,
  shown: 5,
  columns: 3,
  count: 12,
  size: 32,
  sampler: "ddim",
  eta: 0,
  respacing: "ddim50",
  steps: 50,
  networkEvaluations: 600,
  seconds: 90,
};

export const samplesResults = (): ResultsInput => ({
  ...bareResults(),
  kind: "samples",
  title: "Images of a small model",
  dataset: { name: "no reference images", train: 0, test: 0, classes: null },
  seeds: [7],
  results: [
    {
      metric: "Fréchet distance",
      value: 12.345,
      unit: "",
      interval: [11, 13.5],
      n: 12,
      protocol: "features of block 7, clean",
      split: "test",
      seeds: [7],
      name: "to cifar10",
    },
  ],
  samples,
});
