/** An analysis with every part, of two blocks and a noise level. */
import type { ResultsInput } from "../src/index.js";

type Analysis = NonNullable<ResultsInput["analysis"]>;

export function exampleAnalysis(picture: string): Analysis {
  const said = { protocol: "features of the embedded model", split: "test", n: 40, seeds: [1] };
  const surface = {
    ...{
      metric: "top-1",
      unit: "%" as const,
      better: "high" as const,
      blocks: [8, 9],
      timesteps: [50],
      ...said,
    },
    values: [[40, null]],
    intervals: [[[30, 50], null]] as [number, number][][],
  };
  const cell = { block: 9, timestep: 50 };
  const match = { ...cell, x: 4, y: 12, similarity: 0.9, distance: 4 };
  const stage = { dimensions: 64, top1: { value: 40, interval: [30, 50] as [number, number] } };
  const purity = { value: 30, interval: [25, 35] as [number, number] };
  return {
    cka: [
      {
        ...{ title: "Taps", metric: "CKA", ...said },
        ...{ rows: ["t50/b08"], columns: ["t50/b08", "t50/b09"] },
        values: [[1, 0.5]],
        intervals: [
          [
            [1, 1],
            [0.4, 0.6],
          ],
        ],
      },
    ],
    components: {
      pictures: [{ id: "a", image: picture }],
      taps: [
        {
          ...{ ...cell, height: 4, width: 4, explained: [0.5, 0.2, 0.1] },
          maps: [{ image: picture, means: [0, 1, -1], strongest: { row: 1, column: 4 } }],
        },
      ],
      ...said,
    },
    neighbours: {
      purity: { ...surface, metric: "purity" },
      chance: 10,
      shown: [{ ...cell, queries: [{ id: "a", neighbours: [{ id: "b", label: "cat", similarity: 0.8 }] }] }],
      ...said,
    },
    correspondence: {
      alpha: 0.1,
      found: [{ change: "flip", points: surface }],
      examples: [
        {
          ...{ title: "flip", from: { id: "a", image: picture }, to: { id: "a", image: picture }, size: 32 },
          ...{
            judge: "truth",
            points: [{ x: 4, y: 8, truth: { x: 4, y: 16 }, best: match, matches: [match] }],
          },
          ...said,
        },
      ],
    },
    sphere: [{ ...surface, metric: "uniformity", unit: "", better: "low" }],
    draws: [surface],
    choice: {
      rungs: [{ images: 40, kept: 1, scores: surface }],
      chosen: { ...cell, value: 40, interval: [30, 50], ...said },
      grid: surface,
      cost: { gmac: 1, gridGmac: 4, readings: 80, gridReadings: 320 },
      regret: {
        ...{ value: 2, interval: [-5, 9], best: { block: 8, timestep: 50, top1: 42 }, chosenTop1: 40 },
        ...said,
      },
    },
    fusion: [
      {
        ...{ head: "attention", chance: 10, k: 10, ...said },
        stages: [
          { ...stage, name: "t50/b09", place: "before", purity, cka: { value: 0.5, interval: [0.4, 0.6] } },
          { ...stage, name: "what the head makes of it", place: "after", purity },
        ],
      },
    ],
  };
}
