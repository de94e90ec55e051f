/** What a run of trained heads says beyond other runs: two heads, attention on one image, contributions. */
import type { ResultsInput } from "../src/index.js";

type HeadFields = Pick<ResultsInput, "heads" | "attention" | "tapWeights" | "tapShares">;

const taps = ["t90/b08", "t90/b09"];

export function exampleHeads(image: string): HeadFields {
  const trained = { protocol: "SGD, 28 epochs", split: "test", epochs: 28, seconds: 61.5 };
  const { protocol, split, epochs, seconds } = trained;
  const run = (seed: number, value: number) => {
    const interval: [number, number] = [value - 1, value + 1];
    return { seed, top1: { value, interval, n: 4000 }, epochs, seconds };
  };
  return {
    heads: [
      {
        name: "difformer",
        head: "difformer",
        taps,
        protocol,
        split,
        settings: "width 64, 2 heads",
        parameters: 120_000,
        runs: [run(0, 60), run(1, 61), run(2, 62)],
        mean: 61,
        deviation: 1,
      },
      {
        name: "weighted",
        head: "weighted",
        taps,
        protocol,
        split,
        settings: "width 64",
        parameters: 9000,
        runs: [run(0, 58)],
        failures: [{ seed: 1, reason: "diverged at step 12" }],
        mean: 58,
        deviation: null,
      },
    ],
    attention: [
      {
        head: "difformer",
        seed: 1,
        examples: [
          {
            id: "7",
            image,
            label: "cat",
            predicted: "dog",
            probability: 0.5,
            maps: [
              {
                tap: "t90/b08",
                block: 8,
                timestep: 90,
                height: 1,
                width: 2,
                weights: [0.2, 0.1],
                heads: [
                  [0.3, 0.1],
                  [0.1, 0.1],
                ],
              },
              { tap: "t90/b09", block: 9, timestep: 90, height: 1, width: 1, weights: [0.5] },
            ],
          },
        ],
      },
    ],
    tapWeights: [
      {
        head: "weighted",
        seeds: [0],
        taps: [
          { tap: "t90/b08", block: 8, timestep: 90, weight: 0.25, deviation: null },
          { tap: "t90/b09", block: 9, timestep: 90, weight: 0.75, deviation: null },
        ],
      },
    ],
    tapShares: [
      {
        head: "difformer",
        seeds: [0, 1, 2],
        split: "test",
        n: 4000,
        taps: [
          { tap: "t90/b08", block: 8, timestep: 90, weight: 0.3, deviation: 0.01 },
          { tap: "t90/b09", block: 9, timestep: 90, weight: 0.5, deviation: 0.02 },
        ],
      },
    ],
  };
}
