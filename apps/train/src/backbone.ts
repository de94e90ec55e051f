/** `difftap-train backbone`: pretrains a diffusion U-Net on images; continues where it was stopped. */
import { type CommandContext, type CommandSpec, describeEnvironment } from "@difftap/command-line";
import { type EngineChoice, selectEngine } from "@difftap/engine";
import { selectImages } from "@difftap/eval";
import { pretrain } from "@difftap/pretraining";
import { createRunFolder, writeResults } from "@difftap/run-folder";
import { createSchedule } from "@difftap/scheduler";
import { type Collective, openCollective } from "@difftap/trainer";
import { architectureOf } from "./backbone-architecture.js";
import { exportWeights } from "./backbone-export.js";
import { createUnet, type PretrainedUnet } from "./backbone-model.js";
import { type Pretrained, pretrainingResults, printPretraining } from "./backbone-results.js";
import { gridWriter } from "./backbone-samples.js";
import { type BackboneSettings, backboneOptions, pretrainingRecipeOf } from "./backbone-settings.js";
import { type ImageChoice, imageSource } from "./backbone-source.js";

export const backbone: CommandSpec<typeof backboneOptions> = {
  name: "backbone",
  about: "Pretrains a diffusion U-Net on images",
  example:
    "difftap-train backbone --preset scenes --data scenes:count=20000,size=32,seed=1 --out runs/backbone",
  presets: new URL("../presets/backbone/", import.meta.url),
  options: backboneOptions,
  run: async (settings, context) => {
    const architecture = await architectureOf(settings);
    pretrainingRecipeOf(settings, architecture.learnSigma);
    const collective = await openCollective(settings.ranks);
    const engine = await selectEngine(settings.engine, { arena: !settings.recompute });
    const images = await selectImages(settings.data, settings.count);
    const { digest, name } = images.dataset;
    const data = {
      name,
      digest,
      count: images.indices.length,
      size: settings.size ?? architecture.imageSize,
    };
    const model = await createUnet(architecture, settings, data);
    try {
      await train({ settings, context, collective, engine, images, model });
      // Not where an error goes its way: the launcher then ends the other ranks.
      collective.close();
    } finally {
      model.dispose();
      await images.dataset.close?.();
    }
  },
};

interface Job {
  readonly settings: BackboneSettings;
  readonly context: CommandContext;
  readonly collective: Collective;
  readonly engine: EngineChoice;
  readonly images: ImageChoice;
  readonly model: PretrainedUnet;
}

async function train(job: Job): Promise<void> {
  const { settings, context, collective, engine, images, model } = job;
  const first = collective.rank === 0;
  const size = settings.size ?? model.architecture.imageSize;
  const recipe = pretrainingRecipeOf(settings, model.architecture.learnSigma);
  const { grids: samples, newest } = gridWriter(settings, size);
  if (first) await beginFolder(job);
  const started = performance.now();
  const result = await pretrain({
    model,
    schedule: createSchedule(model.architecture.diffusion),
    source: imageSource(images, size),
    recipe,
    folder: settings.out,
    checkpointEvery: settings.checkpointEvery,
    keepEvery: settings.keepEvery,
    samples,
    collective,
    signal: context.signal,
    ...(first && { onProgress: context.onProgress }),
  });
  if (!first) return;
  const seconds = (performance.now() - started) / 1000;
  const metadata = {
    prediction: settings.prediction,
    variance: recipe.variance!,
    steps: String(result.steps),
  };
  const { out: folder, half } = settings;
  const weights = await exportWeights(result, { folder, architecture: model.architecture, metadata, half });
  const made = { weights, seconds, grid: newest(), engine: engine.name, ranks: collective.size };
  const pretrained: Pretrained = { settings, recipe, model, images, result, ...made };
  // A finished run keeps the results of when it finished.
  if (result.steps > result.resumedFrom)
    await writeResults(folder, await pretrainingResults(pretrained, context.commandLine));
  printPretraining(pretrained, context);
}

async function beginFolder({ settings, context, engine, collective }: Job): Promise<void> {
  const ranks = collective.size > 1 ? `, ${collective.size} ranks` : "";
  context.terminal.note(
    `engine ${engine.name} ${engine.version} on ${engine.device}: ${engine.reason}${ranks}`,
  );
  await createRunFolder(settings.out, {
    config: settings,
    environment: { ...describeEnvironment({ tfjs: engine.version }), engine: engine.name },
  });
}
