/** An analysis with every part, made by code. */
import type { ResultsInput } from "@difftap/run-folder";
import { bareResults, HOSTILE, PIXEL } from "./example-runs.js";

type Analysis = NonNullable<ResultsInput["analysis"]>;
type Surface = NonNullable<Analysis["sphere"]>[number];

const said = { protocol: "a <protocol>", split: "test, first 40 images", n: 40, seeds: [1] };
const blocks = [3, 7, 11];
const timesteps = [10, "clean" as const];

/** Values rise with block and timestep from `first` on. */
export function surfaceOf(metric: string, rest: Partial<Surface> = {}, first = 40): Surface {
  const values = timesteps.map((_, row) => blocks.map((__, column) => first + row + column / 4));
  const intervals = values.map((row) => row.map((value): [number, number] => [value - 2, value + 2]));
  return {
    metric,
    unit: "%",
    better: "high",
    blocks,
    timesteps: [...timesteps],
    values,
    intervals,
    ...said,
    ...rest,
  };
}

function ckaOf(names: readonly string[]): NonNullable<Analysis["cka"]>[number] {
  const value = (a: number, b: number) => 1 - Math.abs(a - b) / 8;
  const table = names.map((_, a) => names.map((__, b) => value(a, b)));
  const intervals = table.map((row) => row.map((each): [number, number] => [each - 0.0525, each + 0.0525]));
  const rows = [...names];
  return {
    title: `Taps of ${HOSTILE}`,
    metric: "CKA",
    rows,
    columns: [...rows],
    values: table,
    intervals,
    ...said,
  };
}

export const tapNames = ["t10/b03", "t10/b07", "t10/b11", "clean/b03", "clean/b07", "clean/b11"];

export function analysisOf(): Analysis {
  const cell = { block: 7, timestep: 10 };
  const picture = { id: "scene-0", label: HOSTILE, image: PIXEL };
  const match = { ...cell, x: 12, y: 10, similarity: 0.91, distance: 2 };
  const stage = (
    top1: number,
  ): Pick<NonNullable<Analysis["fusion"]>[number]["stages"][number], "dimensions" | "top1" | "purity"> => ({
    dimensions: 256,
    top1: { value: top1, interval: [top1 - 8, top1 + 8] },
    purity: { value: 31, interval: [28, 34] },
  });
  return {
    cka: [ckaOf(tapNames)],
    components: {
      pictures: [picture, { id: "scene-1", image: PIXEL }],
      taps: [
        {
          ...{ ...cell, height: 16, width: 16, explained: [0.5, 0.2, 0.1] },
          maps: [1, 2].map((row) => ({ image: PIXEL, means: [0.25, -1, 3], strongest: { row, column: 4 } })),
        },
      ],
      ...said,
    },
    attention: [
      {
        ...{ head: "attention", seed: 0 },
        examples: [
          {
            ...{ ...picture, predicted: "dog", probability: 0.5 },
            maps: [{ tap: "t10/b07", ...cell, height: 1, width: 2, weights: [0.25, 0.125] }],
          },
        ],
      },
    ],
    neighbours: {
      purity: surfaceOf("purity of 10 neighbours", {}, 20),
      chance: 10,
      shown: [
        {
          ...cell,
          queries: [
            {
              ...picture,
              neighbours: [
                { id: "scene-4", label: HOSTILE, image: PIXEL, similarity: 0.875 },
                { id: "scene-9", label: "a ring", image: PIXEL, similarity: 0.75 },
              ],
            },
          ],
        },
      ],
      ...said,
    },
    correspondence: {
      alpha: 0.1,
      found: [{ change: "flip", points: surfaceOf("PCK at 0.1", {}, 60) }],
      examples: [
        {
          ...{
            title: "flip",
            from: picture,
            to: { ...picture, id: "scene-0 flip" },
            size: 32,
            judge: "truth",
            ...said,
          },
          points: [
            { x: 8, y: 8, truth: { x: 24, y: 8 }, best: { ...match, x: 22, y: 8 }, matches: [match] },
            {
              x: 16,
              y: 8,
              truth: { x: 16, y: 8 },
              best: { ...match, x: 16, y: 9, distance: 1 },
              matches: [match],
            },
          ],
        },
        {
          ...{
            title: "image 1 in image 2",
            from: picture,
            to: picture,
            size: 32,
            judge: "round trip",
            ...said,
          },
          points: [{ x: 4, y: 4, best: match, matches: [] }],
        },
      ],
    },
    sphere: [surfaceOf("uniformity", { unit: "", better: "low" }, -3)],
    draws: [surfaceOf("intraclass correlation", { unit: "" }, 0), surfaceOf("top-1, mean of 2 draws")],
    choice: {
      rungs: [
        {
          images: 20,
          kept: 1,
          scores: surfaceOf("top-1", {
            values: [
              [30, 40, null],
              [null, 35, 20],
            ],
            intervals: [
              [[20, 40], [30, 50], null],
              [null, [25, 45], [10, 30]],
            ],
          }),
        },
      ],
      chosen: { ...cell, value: 40, interval: [30, 50], ...said },
      cost: { gmac: 2.5, gridGmac: 10, readings: 80, gridReadings: 360 },
      regret: {
        value: 2.5,
        interval: [-4, 9],
        best: { block: 11, timestep: "clean", top1: 41.5 },
        chosenTop1: 39,
        ...said,
      },
      grid: surfaceOf("top-1"),
    },
    fusion: [
      {
        ...{ head: "attention, seed 0", chance: 10, k: 10, ...said },
        stages: [
          { name: "t10/b07", place: "before", ...stage(40), cka: { value: 0.5, interval: [0.4, 0.6] } },
          { name: "t10/b11", place: "before", ...stage(44), cka: { value: 0.25, interval: [0.1, 0.4] } },
          { name: "fused by attention", place: "after", ...stage(52) },
        ],
      },
    ],
  };
}

export function analysisResults(analysis: Analysis = analysisOf()): ResultsInput {
  return { ...bareResults(), kind: "analysis", title: "An analysis", analysis };
}
