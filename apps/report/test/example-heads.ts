/** A run of trained heads for tests, made by code: heads over seeds, their curves, attention and contributions. */
import { type Curve, overSeeds, type ResultsInput, type TrainedHead } from "@difftap/run-folder";
import { bareResults, HOSTILE, PIXEL } from "./example-runs.js";

export const SEEDS = [0, 1, 2];
const blocks = [8, 9, 11];
const timesteps = [10, 90] as const;

const tapName = (timestep: number, block: number) => `t${timestep}/b${String(block).padStart(2, "0")}`;
const taps = timesteps.flatMap((timestep) =>
  blocks.map((block) => ({ tap: tapName(timestep, block), block, timestep })),
);

/** A head whose seeds lie one point apart around `top1`. */
export function headRow(name: string, top1: number, parameters: number, seeds = SEEDS): TrainedHead {
  const runs = seeds.map((seed, index) => {
    const value = top1 + index - (seeds.length - 1) / 2;
    return {
      seed,
      top1: { value, interval: [value - 1.5, value + 1.5] as [number, number], n: 4000 },
      epochs: 28,
      seconds: 75 + index,
    };
  });
  const over = overSeeds(runs.map((run) => run.top1.value));
  const texts = { protocol: `${name} head, SGD, 28 epochs`, split: "test", settings: "pool 2" };
  const read = ["linear", "mlp", "attention"].includes(name) ? taps.slice(0, 1) : taps;
  return { name, head: name, taps: read.map(({ tap }) => tap), ...texts, parameters, runs, ...over };
}

/** The CLS token's weights for a map: a bump whose place moves with the block, `share` in all. */
function bump(side: number, share: number, shift: number): number[] {
  const raw = Array.from({ length: side * side }, (_, cell) => {
    const [row, column] = [Math.floor(cell / side), cell % side];
    return Math.exp(-((row - shift) ** 2 + (column - 1) ** 2) / 2);
  });
  const total = raw.reduce((sum, value) => sum + value, 0);
  return raw.map((value) => (share * value) / total);
}

function mapOf(tap: (typeof taps)[number], place: number) {
  const side = tap.block === 11 ? 8 : 4;
  const heads = [bump(side, 0.2, place % 3), bump(side, 0.3, (place + 1) % 3)];
  const weights = heads[0]!.map((weight, cell) => (weight + heads[1]![cell]!) / 2);
  return { ...tap, height: side, width: side, weights, heads };
}

/** Everything a run of heads can hold. */
export function headResults(image = PIXEL): ResultsInput {
  const heads = [
    headRow("linear", 57.5, 40_970),
    headRow("mlp", 57, 120_000),
    headRow("attention", 60.5, 800_000),
    headRow("difformer", 62, 1_200_000),
    { ...headRow("weighted", 59, 90_000, [0]), failures: [{ seed: 1, reason: "diverged at step <12>" }] },
  ];
  const pictures = [
    { id: "id-1", label: "dog", predicted: "dog", probability: 0.91 },
    { id: "id-2", label: HOSTILE, predicted: "bird", probability: 0.55 },
  ];
  return {
    ...bareResults(),
    kind: "head",
    title: "Heads on <CIFAR-10>",
    seeds: SEEDS,
    heads,
    results: [
      {
        metric: "top-1",
        name: "solved linear probe",
        value: 58.25,
        interval: [56.7, 59.8],
        n: 4000,
        protocol: "solved linear probe, l2 0.003",
        split: "test",
        seeds: [0],
      },
    ],
    attention: [
      {
        head: "difformer",
        seed: 0,
        examples: pictures.map((picture) => ({ ...picture, image, maps: taps.map(mapOf) })),
      },
    ],
    tapWeights: [
      {
        head: "weighted",
        seeds: [0],
        taps: taps.map((tap, index) => ({ ...tap, weight: (index + 1) / 21, deviation: null })),
      },
    ],
    tapShares: [
      {
        head: "attention",
        seeds: SEEDS,
        split: "test",
        n: 4000,
        taps: [{ ...taps[0]!, weight: 0.875, deviation: 0.0125 }],
      },
    ],
    curves: heads.flatMap(({ name, runs }) => runs.flatMap(({ seed }) => curvesOf(name, seed))),
  };
}

/** Loss of both splits and top-1, epoch by epoch. */
function curvesOf(head: string, seed: number): Curve[] {
  const epochs = Array.from({ length: 29 }, (_, epoch) => epoch);
  const line = (start: number, change: number): [number, number][] =>
    epochs.map((epoch) => [
      epoch,
      start + change * (1 - Math.exp(-epoch / 6)) + change * 0.03 * seed * Math.sin(epoch),
    ]);
  const offset = head.length / 20;
  const named = (split: string) => ({ name: `${head}, seed ${seed}, ${split}`, head, seed, split });
  return [
    { ...named("train"), xLabel: "epoch", yLabel: "loss", points: line(2.3, -1.2 - offset) },
    { ...named("test"), xLabel: "epoch", yLabel: "loss", points: line(2.3, -1 - offset) },
    { ...named("test"), xLabel: "epoch", yLabel: "top-1, %", points: line(10, 45 + 10 * offset) },
  ];
}
