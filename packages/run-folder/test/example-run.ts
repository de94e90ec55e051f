/** A small, complete run for tests. */
import type { ResultsInput, RunEnvironment } from "../src/index.js";
import { exampleDense } from "./example-dense.js";
import { exampleHeads } from "./example-heads.js";

/** One transparent pixel. */
const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export const environment: RunEnvironment = {
  node: "v20.20.0",
  platform: "linux x64",
  processor: "a processor",
  cores: 2,
  memoryGiB: 8,
  commit: null,
  versions: { "@difftap/eval": "0.1.0" },
};

export function exampleResults(): ResultsInput {
  const measured = { n: 4000, protocol: "solved linear probe", split: "test", seeds: [0] };
  return {
    schema: "difftap.results/1",
    kind: "grid",
    title: "CIFAR-10, every block",
    protocol: "solved linear probe",
    split: "test",
    seeds: [0],
    dataset: { name: "cifar10", train: 8000, test: 4000, classes: ["cat", "dog"] },
    model: { name: "adm-cifar10", architecture: "32 px, 64 channels", weightsDigest: "0123abcd" },
    results: [
      {
        metric: "top-1",
        value: 57.65,
        interval: [56.1, 59.2],
        ...measured,
        tap: { block: 9, timestep: 10, pool: 2 },
      },
    ],
    grid: {
      blocks: [8, 9],
      timesteps: [10, "clean"],
      top1: [
        [57.55, 57.65],
        [null, 50],
      ],
      interval: [
        [
          [56, 59.1],
          [56.1, 59.2],
        ],
        [null, [48.4, 51.6]],
      ],
      pool: 2,
      l2: 0.003,
      ...measured,
      blockTable: [
        { kind: "middle", channels: 128, side: 8, gmac: 0.1 },
        { kind: "output", channels: 128, side: 8 },
      ],
      baselines: [
        { name: "raw pixels", top1: 33.6, interval: [32.2, 35.1] },
        { name: "random weights", top1: [38.5, 37.3], timestep: 50 },
      ],
    },
    confusion: {
      labels: ["cat", "dog"],
      matrix: [
        [1200, 800],
        [900, 1100],
      ],
    },
    perClass: [{ label: "cat", n: 2000, correct: 1200, top1: 60, interval: [57.8, 62.1] }],
    ...exampleHeads(PIXEL),
    ...exampleDense(PIXEL),
    curves: [
      { name: "loss", xLabel: "step", yLabel: "loss", points: [[0, 2.3]] },
      {
        name: "difformer, seed 1, test",
        xLabel: "epoch",
        yLabel: "loss",
        points: [],
        head: "difformer",
        seed: 1,
        split: "test",
      },
    ],
    examples: {
      best: [{ id: "7", image: PIXEL, label: "cat", predicted: "cat", probability: 0.99 }],
      worst: [],
    },
    samples: {
      grid: PIXEL,
      shown: 4,
      columns: 2,
      count: 6,
      size: 32,
      sampler: "ddim",
      eta: 0.5,
      respacing: "ddim50",
      steps: 50,
      networkEvaluations: 300,
      seconds: 7.5,
      labels: [0, 1, 0, 1, 0, 1],
      guidance: { by: "a noisy classifier", scale: 2 },
    },
    suite: {
      rows: [
        {
          ...{ dataset: "aircraft", reading: "linear", metric: "top-1", value: 31, deviation: 1 },
          ...{ interval: [28, 34], n: 3333, protocol: "linear head", split: "test", seeds: [0, 1] },
          paper: { value: 31.6, source: "arXiv 2311.17921" },
          folders: ["jobs/aircraft-linear"],
        },
        {
          ...{ dataset: "aircraft", reading: "20-NN", metric: "top-1", value: 20, deviation: null },
          ...{ interval: [18, 22], n: 3333, protocol: "cosine, k = 20", split: "test", seeds: [0] },
          folders: ["jobs/aircraft-20-nn-seed-0"],
        },
      ],
      failures: [{ job: "aircraft, attention", reason: "exit 3: the test set has class 101" }],
      missing: ["aircraft, DifFormer"],
    },
    durationSeconds: 12.5,
    images: 12000,
  };
}
