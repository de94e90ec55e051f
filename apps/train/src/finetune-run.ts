/** One seed of a fine-tuning: built, trained into its own folder, measured, exported. */
import { join } from "node:path";
import { blockTable } from "@difftap/backbone";
import type { CommandContext } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { type Model, openSavedHead, type Selection } from "@difftap/eval";
import { createHead, describeTap, type Head, type HeadTap, loadHead } from "@difftap/heads";
import { type TrainingResult, train } from "@difftap/trainer";
import { type DiffusionFigures, measureDiffusion } from "./finetune-diffusion.js";
import { exportBackbone } from "./finetune-export.js";
import { noisyImages } from "./finetune-images.js";
import { createFinetuneModel, type FinetuneModel } from "./finetune-model.js";
import { type FinetuneSettings, finetuneRecipe } from "./finetune-settings.js";
import { keptSize } from "./kept-size.js";
import { jsonObject } from "./setting-values.js";

/** What all seeds share. */
export interface FinetuneJob {
  readonly settings: FinetuneSettings;
  readonly context: CommandContext;
  readonly model: Model;
  readonly weightsDigest: string;
  readonly train: Selection;
  readonly test: Selection;
  readonly classes: number;
  readonly size: number;
}

export interface TunedSeed {
  readonly seed: number;
  readonly folder: string;
  readonly head: Pick<Head, "description">;
  /** Numbers that are trained. */
  readonly parameters: number;
  readonly result: TrainingResult;
  /** Undefined where it was not asked for, and for a frozen backbone. */
  readonly diffusion: { readonly before: DiffusionFigures; readonly after: DiffusionFigures } | undefined;
  /** Of this call. */
  readonly seconds: number;
}

/** @throws DifftapError as `train`, `createHead` and `openSavedHead`. */
export async function finetuneSeed(job: FinetuneJob, seed: number): Promise<TunedSeed> {
  const { settings, context, model } = job;
  const head = await (settings.from === undefined ? freshHead(job, seed) : savedHead(settings, seed));
  const tuned = await createFinetuneModel({ head, model, settings, seed, data: dataOf(job) }).catch(
    (error: unknown) => {
      head.dispose();
      throw error;
    },
  );
  try {
    const folder = join(settings.out, `seed-${seed}`);
    const before = await measured(job, tuned);
    const started = performance.now();
    const result = await trainSeed(job, tuned, folder, seed);
    const seconds = (performance.now() - started) / 1000;
    const after = before && (await measured(job, tuned));
    const metadata = { prediction: settings.prediction, steps: String(result.steps) };
    if (!settings.freeze)
      await exportBackbone({ folder, unet: tuned.unet, architecture: model.architecture, metadata });
    context.terminal.note(`seed ${seed}: ${folder}`);
    const parameters = [...tuned.variables.values()].reduce((sum, { size }) => sum + size, 0);
    const diffusion = before && after && { before, after };
    return { seed, folder, head: { description: head.description }, parameters, result, diffusion, seconds };
  } finally {
    tuned.dispose();
  }
}

function trainSeed(job: FinetuneJob, model: FinetuneModel, folder: string, seed: number) {
  const { settings, context, size } = job;
  const timesteps = [...new Set(model.head.description.taps.map(({ timestep }) => timestep))];
  const whole = settings.diffusionWeight > 0;
  const common = { size, timesteps };
  return train({
    model,
    source: noisyImages({ ...common, images: job.train, seed, augment: true, whole }),
    validation: noisyImages({
      ...common,
      images: job.test,
      seed: settings.testSeed,
      augment: false,
      whole: false,
    }),
    recipe: finetuneRecipe(settings, seed),
    folder,
    evaluateEvery: { epochs: settings.evaluateEvery ?? 1 },
    checkpointEvery: { epochs: settings.checkpointEvery ?? 1 },
    signal: context.signal,
    onProgress: context.onProgress,
  });
}

async function measured({ settings, context, model, test, size }: FinetuneJob, { unet }: FinetuneModel) {
  const { freeze, diffusionCount: count, batch, testSeed: seed } = settings;
  if (freeze || count === 0) return undefined;
  const { architecture } = model;
  const { signal, onProgress } = context;
  const chosen = { unet, architecture, settings, images: test, count, size, batch, seed };
  return measureDiffusion(chosen, { signal, onProgress });
}

/** @throws DifftapError CONFIG_INVALID for a head that runs the network itself. */
async function freshHead({ settings, model, classes, size }: FinetuneJob, seed: number): Promise<Head> {
  const definition = await loadHead(settings.head ?? "linear");
  if (definition.inputs) {
    throw new DifftapError("CONFIG_INVALID", `the ${definition.name} head runs the network itself`, {
      hint: "fine-tune with a head that reads taps, such as linear or attention",
      details: { head: definition.name },
    });
  }
  const spec = jsonObject("spec", settings.spec);
  const taps = tapsOf(settings, model, size);
  const kept = keptSize({ size, architecture: model.architecture });
  return createHead({ head: definition.name, spec, taps, classes, seed, size: kept }, [definition]);
}

function tapsOf({ blocks, timesteps, pool }: FinetuneSettings, model: Model, size: number): HeadTap[] {
  const table = blockTable(model.architecture);
  const numbers = blocks === "all" ? table.map(({ number }) => number) : blocks;
  const side = { height: size, width: size };
  return timesteps.flatMap((timestep) =>
    numbers.map((block) => describeTap(table, { block, timestep, pool, size: side })),
  );
}

function savedHead({ from, fromModel, head }: FinetuneSettings, seed: number): Promise<Head> {
  const model = fromModel?.replace("{seed}", String(seed));
  return openSavedHead({ run: from!, model, which: "latest", head });
}

/** What a checkpoint has to agree about beside the recipe. */
function dataOf({ settings, train: { dataset, indices }, size }: FinetuneJob): Record<string, unknown> {
  const { labelShare = 1, splitSeed, from } = settings;
  return {
    digest: dataset.digest,
    count: indices.length,
    size,
    ...(labelShare < 1 && { labelShare, splitSeed }),
    head: from === undefined ? "fresh" : "trained",
  };
}
