/** What fine-tuning did to the diffusion loss: before, after, and the change on the same images, noise and timesteps. */
import type { RunResult } from "@difftap/run-folder";
import type { DiffusionFigures } from "./finetune-diffusion.js";
import type { Tuned } from "./finetune-results.js";
import type { TunedSeed } from "./finetune-run.js";

/** Of a normal distribution, for a 95 % interval. */
const DEVIATIONS = 1.96;

const shown = [
  { figure: "loss", name: "diffusion loss" },
  { figure: "mse", name: "squared error of the network" },
] as const;

type Facts = Pick<RunResult, "unit" | "protocol" | "split" | "seeds">;

/** Nothing where it was not measured. Of several seeds each image counts with its mean over them. */
export function diffusionResults({ job: { settings }, seeds }: Tuned): RunResult[] {
  const measured = seeds.flatMap(({ diffusion }) => diffusion ?? []);
  if (measured.length === 0) return [];
  const facts: Facts = {
    unit: "",
    protocol: `mean over images of the test set, each with one noise and one timestep, all evenly likely (seed ${settings.testSeed})`,
    split: "test",
    seeds: seeds.map(({ seed }) => seed),
  };
  return shown.flatMap(({ figure, name }) => threeResults(name, measured, figure, facts));
}

function threeResults(
  name: string,
  measured: readonly NonNullable<TunedSeed["diffusion"]>[],
  figure: keyof DiffusionFigures,
  facts: Facts,
): RunResult[] {
  const before = meanOf(measured.map((each) => each.before[figure]));
  const after = meanOf(measured.map((each) => each.after[figure]));
  const change = after.map((value, image) => value - before[image]!);
  return [
    { ...facts, metric: `${name} before fine-tuning`, ...summary(before) },
    { ...facts, metric: `${name} after fine-tuning`, ...summary(after) },
    { ...facts, metric: `change of the ${name}`, ...summary(change) },
  ];
}

/** Over the seeds, image by image. */
function meanOf(seeds: readonly Float64Array[]): Float64Array {
  return seeds[0]!.map((_, image) => seeds.reduce((sum, each) => sum + each[image]!, 0) / seeds.length);
}

/** The spread over images gives the interval. */
function summary(values: Float64Array): Pick<RunResult, "value" | "interval" | "n"> {
  const n = values.length;
  const value = values.reduce((sum, each) => sum + each, 0) / n;
  const variance = values.reduce((sum, each) => sum + (each - value) ** 2, 0) / Math.max(1, n - 1);
  const reach = DEVIATIONS * Math.sqrt(variance / n);
  return { value, interval: [value - reach, value + reach], n };
}
