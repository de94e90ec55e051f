/** A pretraining as results.json and as lines on the terminal. */
import { parameterCount } from "@difftap/backbone";
import { weightsDigest } from "@difftap/checkpoint";
import type { CommandContext } from "@difftap/command-line";
import type { PretrainingRecipe, PretrainingResult } from "@difftap/pretraining";
import { RESULTS_SCHEMA, type ResultsInput, readMetrics } from "@difftap/run-folder";
import { curvesOf, lastLosses } from "./backbone-curves.js";
import type { PretrainedUnet } from "./backbone-model.js";
import type { DrawnGrid } from "./backbone-samples.js";
import type { BackboneSettings } from "./backbone-settings.js";
import type { ImageChoice } from "./backbone-source.js";
import { inWords, spaced } from "./protocol.js";

export interface Pretrained {
  readonly settings: BackboneSettings;
  readonly recipe: PretrainingRecipe;
  readonly model: PretrainedUnet;
  readonly images: ImageChoice;
  readonly result: PretrainingResult;
  readonly grid: DrawnGrid | undefined;
  /** Path of the exported weights. */
  readonly weights: string;
  readonly engine: string;
  readonly ranks: number;
  /** Of this call. */
  readonly seconds: number;
}

/** Everything that results.json holds of a pretraining. */
export async function pretrainingResults(pretrained: Pretrained, command: string): Promise<ResultsInput> {
  const { settings, model, images, result, grid, weights, seconds, recipe } = pretrained;
  const { architecture } = model;
  const { dataset } = images;
  const metrics = await readMetrics(settings.out);
  const facts = { protocol: protocolOf(pretrained), split: "train", seeds: [settings.seed] };
  return {
    schema: RESULTS_SCHEMA,
    kind: "pretraining",
    title: `Pretraining on ${dataset.name}`,
    created: new Date().toISOString(),
    ...facts,
    dataset: {
      name: dataset.name,
      train: images.indices.length,
      test: 0,
      classes: dataset.classes === null ? null : [...dataset.classes],
      digest: dataset.digest,
    },
    model: {
      name: "pretrained here",
      architecture: `ADM U-Net, ${architecture.imageSize} px`,
      weightsDigest: await weightsDigest(weights),
      parameters: parameterCount(architecture),
    },
    results: lastLosses(metrics, recipe.batch, facts),
    curves: curvesOf(metrics),
    ...(grid && { samples: samplesOf(grid, settings, architecture.imageSize) }),
    command,
    notes: [],
    durationSeconds: seconds,
    images: (result.steps - result.resumedFrom) * recipe.batch,
  };
}

function samplesOf(
  { png, seconds }: DrawnGrid,
  { samples: count, sampleSteps: steps, size }: BackboneSettings,
  imageSize: number,
): NonNullable<ResultsInput["samples"]> {
  return {
    grid: `data:image/png;base64,${Buffer.from(png).toString("base64")}`,
    shown: count,
    columns: Math.ceil(Math.sqrt(count)),
    count,
    size: size ?? imageSize,
    sampler: "ddim",
    eta: 0,
    respacing: String(steps),
    steps,
    networkEvaluations: count * steps,
    seconds,
  };
}

/** How it was trained, in words, completely enough to do it again. */
function protocolOf({ recipe, settings, engine, ranks }: Pretrained): string {
  const {
    duration,
    batch,
    seed: _,
    accumulate: __,
    ema,
    learningRate,
    optimizer,
    schedule,
    ...more
  } = recipe;
  const rest = Object.entries(more).map(([name, value]) => `${spaced(name)} ${inWords(value)}`);
  const averages = (ema ?? []).map(({ decay }) => decay).join(" and ");
  return [
    `begun from ${settings.init ?? "random weights"}`,
    ...rest,
    `${inWords(optimizer)}, learning rate ${learningRate}, ${inWords(schedule)} schedule`,
    ...(averages === "" ? [] : [`averages of rate ${averages}`]),
    inWords(duration),
    `batch ${batch}`,
    ...(ranks > 1 ? [`${ranks} ranks`] : []),
    `engine ${engine}`,
  ].join(", ");
}

/** What was done, in text or as JSON. */
export function printPretraining(pretrained: Pretrained, { terminal, json }: CommandContext): void {
  const { result, weights, seconds, recipe, settings } = pretrained;
  const { steps, resumedFrom, checkpoint } = result;
  const images = (steps - resumedFrom) * recipe.batch;
  const rate = images / seconds;
  if (json) {
    const summary = {
      steps,
      resumedFrom,
      images,
      seconds,
      weights,
      checkpoint,
      protocol: protocolOf(pretrained),
    };
    terminal.data(`${JSON.stringify({ ...summary, seed: settings.seed }, null, 2)}\n`);
    return;
  }
  const done =
    images === 0
      ? "nothing was left to do"
      : `${images.toLocaleString("en")} images in ${seconds.toFixed(0)} s (${rate.toFixed(1)} a second)`;
  terminal.data(
    `${weights}: ${steps.toLocaleString("en")} steps; ${done}\n${protocolOf(pretrained)}, seed ${settings.seed}\n`,
  );
}
