/** Run folders for tests, made by code. */
import { type ResultsInput, type RunEnvironment, type RunFolder, resultsSchema } from "@difftap/run-folder";

/** A red pixel. */
export const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

/** A class whose name is an attack. */
export const HOSTILE = `cat</td><script>alert("1")</script><img src=x onerror='alert(2)'>&amp;`;

const measured = { n: 4000, protocol: "solved linear probe", split: "test", seeds: [0, 1] };

export const environment: RunEnvironment = {
  node: "v20.20.0",
  platform: "linux x64",
  processor: "a processor",
  cores: 2,
  memoryGiB: 8,
  commit: "0123456789abcdef",
  versions: { "@difftap/eval": "0.1.0" },
};

/** The least a run can hold. */
export function bareResults(): ResultsInput {
  return {
    schema: "difftap.results/1",
    kind: "probe",
    title: "A bare run",
    protocol: measured.protocol,
    split: measured.split,
    seeds: measured.seeds,
    dataset: { name: "cifar10", train: 8000, test: 4000, classes: null },
    model: { name: "adm-cifar10", architecture: "32 px, 13 blocks", weightsDigest: "feedc0de" },
    results: [],
    durationSeconds: 75,
    images: 12000,
  };
}

/** A grid of any size; accuracy peaks at the last timestep's middle block. */
export function gridOf(
  blocks: number,
  timesteps: readonly (number | "clean")[],
): NonNullable<ResultsInput["grid"]> {
  const middle = Math.ceil(blocks / 2);
  const value = (row: number, block: number) => 50 + row - Math.abs(block - middle);
  const numbers = Array.from({ length: blocks }, (_, index) => index + 1);
  const kind = (block: number) => (block < middle ? "input" : block === middle ? "middle" : "output");
  return {
    ...measured,
    blocks: numbers,
    timesteps: [...timesteps],
    top1: timesteps.map((_, row) => numbers.map((block) => value(row, block))),
    interval: timesteps.map((_, row) =>
      numbers.map((block) => [value(row, block) - 1.5, value(row, block) + 1.5]),
    ),
    pool: 2,
    l2: 0.003,
    blockTable: numbers.map((block) => ({
      kind: kind(block),
      channels: 64 * block,
      side: 32,
      gmac: block / 8,
    })),
    baselines: [],
  };
}

/** A run with every part there is. */
export function wholeResults(classNames: readonly string[] = ["bird", HOSTILE, "dog"]): ResultsInput {
  const classes = [...classNames];
  const others = classes.length - 1;
  return {
    ...bareResults(),
    kind: "grid",
    title: "A whole <run>",
    created: "2026-11-23T22:40:00Z",
    dataset: { name: "cifar10", train: 8000, test: 4000, classes, digest: "d1935700" },
    results: [
      {
        metric: "top-1",
        value: 51,
        interval: [49.5, 52.5],
        ...measured,
        tap: { block: 3, timestep: 50, pool: 2 },
      },
      { metric: "20-NN", value: 44.05, interval: [42.5, 45.6], ...measured, protocol: "cosine, k = 20" },
    ],
    grid: {
      ...gridOf(5, ["clean", 50]),
      baselines: [
        { name: "raw pixels", top1: 33.6, interval: [32.2, 35.1] },
        { name: "random weights", top1: [36.1, 36.2, 36.3, 36.4, 36.5], timestep: 50 },
      ],
    },
    confusion: {
      labels: classes,
      matrix: classes.map((_, row) => classes.map((_, column) => (row === column ? 700 : 100 + row))),
    },
    perClass: classes.map((label, index) => {
      const n = 700 + others * (100 + index);
      return { label, n, correct: 700, top1: 70_000 / n, interval: [70_000 / n - 3, 70_000 / n + 3] };
    }),
    curves: [
      {
        name: "training",
        xLabel: "epoch",
        yLabel: "loss",
        points: [
          [0, 2.25],
          [1, 1.75],
          [2, 1.5],
        ],
      },
      {
        name: "validation",
        xLabel: "epoch",
        yLabel: "loss",
        points: [
          [0, 2.375],
          [2, 1.625],
        ],
      },
    ],
    examples: {
      best: [{ id: "id-7", image: PIXEL, label: "dog", predicted: "dog", probability: 0.99 }],
      worst: [{ id: "id-8", image: PIXEL, label: HOSTILE, predicted: "bird", probability: 0.87 }],
    },
    reference: [
      { name: "a colleague's", metric: "top-1", value: 71.5, protocol: "fine-tuned", source: "a paper" },
    ],
    command: "difftap-eval grid --config a.yaml",
    notes: ["The noise is <seeded>."],
  };
}

/** A run folder in memory. */
export function runOf(results: ResultsInput, rest: Partial<RunFolder> = {}): RunFolder {
  return {
    path: "runs/one",
    results: resultsSchema.parse(results),
    config: null,
    environment: null,
    metrics: [],
    figures: [],
    ...rest,
  };
}
