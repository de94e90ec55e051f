/** One seed of a dense training: backbone and adapter opened, trained into a folder of their own, and measured. */
import { join } from "node:path";
import type { CommandContext } from "@difftap/command-line";
import type { LongWork } from "@difftap/core";
import type { ViewBatch } from "@difftap/datasets";
import { tf } from "@difftap/engine";
import { onMaps, type Selection, shownImages } from "@difftap/eval";
import type { HeadTap } from "@difftap/heads";
import {
  type FeatureSource,
  type Measures,
  type ObjectiveResult,
  planTraining,
  trainObjective,
} from "@difftap/trainer";
import type { DenseBackbone } from "./backbone.js";
import { exportTuned } from "./export.js";
import { keptViews } from "./kept-views.js";
import { type Adapter, type DenseModel, denseModel } from "./model.js";
import { type DenseNetwork, openBackbone } from "./open-backbone.js";
import { type DenseSettings, denseRecipe, mapsKept } from "./settings.js";
import { type DenseImages, denseSource } from "./source.js";

/** What detection and segmentation each do in their own way. */
export interface DenseTask<A extends Adapter, Batch extends ViewBatch, Score> {
  /** A fresh adapter on these taps. */
  adapter(taps: readonly HeadTap[], seed: number): A;
  readonly train: Selection;
  images(adapter: A): DenseImages<Batch>;
  /** Predicts for all test images and scores it; `maps` runs the backbone. */
  measure(adapter: A, maps: MapsOf, work: LongWork): Promise<Score>;
  /** Of a score, to be logged. */
  numbers(score: Score): Measures;
}

/** Hands the maps of a batch's images to `use`, and disposes them afterwards. */
type MapsOf = <T>(
  batch: ViewBatch,
  use: (maps: Readonly<Record<string, tf.Tensor>>) => Promise<T>,
) => Promise<T>;

/** What all seeds share. */
export interface DenseJob<A extends Adapter, Batch extends ViewBatch, Score> {
  readonly task: DenseTask<A, Batch, Score>;
  readonly settings: DenseSettings;
  readonly context: CommandContext;
  readonly network: DenseNetwork;
}

export interface TrainedSeed<Score> {
  readonly seed: number;
  readonly folder: string;
  readonly description: unknown;
  readonly taps: readonly HeadTap[];
  /** Numbers that are trained. */
  readonly parameters: number;
  readonly result: ObjectiveResult;
  readonly score: Score;
  /** Of this call. */
  readonly seconds: number;
}

/** @throws DifftapError as `trainObjective`, the backbone and the adapter. */
export async function trainSeed<A extends Adapter, Batch extends ViewBatch, Score>(
  job: DenseJob<A, Batch, Score>,
  seed: number,
): Promise<TrainedSeed<Score>> {
  const { task, settings, network, context } = job;
  const backbone = await openBackbone(network, settings, seed);
  let adapter: A | undefined;
  try {
    adapter = task.adapter(backbone.taps, seed);
    const model = denseModel(backbone, adapter, dataOf(job));
    const folder = join(settings.out, `seed-${seed}`);
    const started = performance.now();
    const { result, score } = await learn(job, { backbone, adapter, model, folder, seed });
    const seconds = (performance.now() - started) / 1000;
    await exportTuned(backbone, network.model, folder);
    context.terminal.note(`seed ${seed}: ${folder}`);
    const parameters = [...model.variables.values()].reduce((sum, { size }) => sum + size, 0);
    const { taps } = backbone;
    return { seed, folder, description: adapter.description, taps, parameters, result, score, seconds };
  } finally {
    adapter?.dispose();
    await backbone.close();
  }
}

interface Learning<A extends Adapter> {
  readonly backbone: DenseBackbone;
  readonly adapter: A;
  readonly model: DenseModel;
  readonly folder: string;
  readonly seed: number;
}

async function learn<A extends Adapter, Batch extends ViewBatch, Score>(
  job: DenseJob<A, Batch, Score>,
  learning: Learning<A>,
): Promise<{ result: ObjectiveResult; score: Score }> {
  const { task, settings, context } = job;
  const { backbone, adapter, model, folder, seed } = learning;
  const { signal, onProgress } = context;
  const recipe = denseRecipe(settings, seed);
  const source = await sourceOf(job, learning);
  const maps = mapsOf(backbone, model, settings.testSeed);
  let score: Score | undefined;
  const result = await trainObjective({
    model,
    source,
    recipe,
    folder,
    evaluateEvery: settings.evaluateEvery
      ? { epochs: settings.evaluateEvery }
      : { steps: planTraining(recipe, source.length).steps },
    checkpointEvery: { epochs: settings.checkpointEvery ?? 1 },
    measure: async (work) => {
      score = await task.measure(adapter, maps, work);
      return task.numbers(score);
    },
    signal,
    onProgress,
  });
  return { result, score: score! };
}

/** Views as they pass; or maps that are kept. */
async function sourceOf<A extends Adapter, Batch extends ViewBatch, Score>(
  { task, settings, context, network }: DenseJob<A, Batch, Score>,
  { backbone, adapter, seed }: Learning<A>,
): Promise<FeatureSource> {
  const views = { images: task.images(adapter), backbone, settings, seed };
  return settings.keepMaps === undefined
    ? denseSource(views)
    : keptViews(views, { ...views, images: task.train, network }, context);
}

function mapsOf(backbone: DenseBackbone, model: DenseModel, noiseSeed: number): MapsOf {
  return (batch, use) =>
    onMaps(backbone, shownImages(batch), noiseSeed, async (features) => {
      const maps = tf.tidy(() => {
        const all = model.maps(features);
        return Object.fromEntries(backbone.taps.map(({ name }) => [name, all[name]!]));
      });
      try {
        return await use(maps);
      } finally {
        tf.dispose(maps);
      }
    });
}

/** What a checkpoint has to agree about beside the recipe. */
function dataOf<A extends Adapter, B extends ViewBatch, S>({ task, settings }: DenseJob<A, B, S>) {
  const { dataset, indices } = task.train;
  const { canvas, fit, scale, flip, colours, keptViews } = settings;
  const kept = { keepMaps: mapsKept(settings), ...(keptViews > 1 && { keptViews }) };
  const views = { canvas, fit, scale, flip, colours, ...kept };
  return { digest: dataset.digest, count: indices.length, ...views };
}
