/** `difftap-eval grid`: where in the network, and at which noise level, lies what classifies. */
import { join } from "node:path";
import type { BackboneRuntime } from "@difftap/backbone";
import type { CommandSpec } from "@difftap/command-line";
import { type Baseline, writeResults } from "@difftap/run-folder";
import { openCells } from "../compose/cells.js";
import { type ExtractionJob, extractToStore } from "../compose/features.js";
import {
  baselineOf,
  baselineRow,
  bestCell,
  chosenBlocks,
  type GridTask,
  probeGrid,
} from "../compose/grid.js";
import { printGrid, resultsOf } from "../compose/grid-report.js";
import { type BaselineName, type GridSession, gridOptions } from "../compose/grid-session.js";
import { type Selection, selectImages } from "../compose/images.js";
import { classCount } from "../compose/labelled.js";
import { pixelFeatures } from "../compose/pixels.js";
import { probeCell } from "../compose/probing.js";
import { startRun } from "../compose/run.js";
import { withRandomWeights, withRuntime } from "../compose/runtime.js";

export const grid: CommandSpec<typeof gridOptions> = {
  name: "grid",
  about: "Probes every block at every timestep and shows where the classes are",
  example: "difftap-eval grid --train folder:train --test folder:test --timesteps 10,50,200 --out runs/first",
  presets: new URL("../presets/grid/", import.meta.url),
  options: gridOptions,
  run: async (settings, context) => {
    const train = await selectImages(settings.train, settings.trainCount);
    const test = await selectImages(settings.test, settings.testCount);
    await withRuntime(settings, async (runtime, model) => {
      await startRun(settings.out, settings, runtime.name);
      const size = settings.size ?? model.architecture.imageSize;
      const cells = await openCells(settings.out);
      await measure({ settings, context, model, runtime, size, images: { train, test }, cells });
    });
    await Promise.all([train.dataset.close?.(), test.dataset.close?.()]);
  },
};

async function measure(session: GridSession): Promise<void> {
  const started = performance.now();
  const { settings } = session;
  // Pixels need one core and no network: they are solved while it runs.
  const [{ task, outcomes, random }, pixels] = await Promise.all([
    probeNetworks(session),
    pixelBaselines(session),
  ]);
  const best = bestCell(task, outcomes);
  const baselines = settings.baselines.map((name) => pixels.get(name) ?? random!);
  const durationSeconds = (performance.now() - started) / 1000;
  const results = await resultsOf(session, task, outcomes, best, baselines, durationSeconds);
  await writeResults(settings.out, results);
  printGrid(session, task, outcomes, best, baselines);
}

/** Extracts both stores and describes the grid over them. */
async function gridTask(
  session: GridSession,
  runtime: BackboneRuntime,
  folder: string,
  task: string,
  timesteps: GridSession["settings"]["timesteps"],
): Promise<GridTask> {
  const { settings, images, size, cells, context } = session;
  const job = (split: "train" | "test"): ExtractionJob => ({
    ...settings,
    runtime,
    size,
    taps: { ...settings, timesteps },
    images: images[split],
    store: join(settings.out, folder, split),
  });
  const stores = {
    train: (await extractToStore(job("train"), context)).store,
    test: (await extractToStore(job("test"), context)).store,
  };
  const { pool, l2 } = settings;
  const blocks = chosenBlocks(runtime, settings.blocks);
  return { stores, blocks, timesteps, pool, l2, classNames: images.train.dataset.classes, cells, task };
}

/** The network itself, then its random twin where that is asked for. */
async function probeNetworks(session: GridSession) {
  const { settings, context, runtime } = session;
  const task = await gridTask(session, runtime, "features", "probes", settings.timesteps);
  const outcomes = await probeGrid(task, context);
  const random = settings.baselines.includes("random-weights") ? await randomBaseline(session) : undefined;
  return { task, outcomes, random };
}

async function pixelBaselines(session: GridSession): Promise<Map<BaselineName, Baseline>> {
  const rows = new Map<BaselineName, Baseline>();
  for (const name of session.settings.baselines) {
    if (name === "raw-pixels") rows.set(name, await pixelBaseline("raw pixels", session));
    if (name === "pixels-8x8") rows.set(name, await pixelBaseline("pixels averaged to 8×8", session, 8));
  }
  return rows;
}

function randomBaseline(session: GridSession): Promise<Baseline> {
  const { settings, model, context } = session;
  const timestep =
    settings.baselineTimestep ?? settings.timesteps[Math.floor(settings.timesteps.length / 2)]!;
  return withRandomWeights(model, { seed: settings.seed, workers: settings.workers }, async (runtime) => {
    const task = await gridTask(session, runtime, "features-random", "random weights", [timestep]);
    const [row] = await probeGrid(task, context);
    return baselineRow("random weights", timestep, row!);
  });
}

async function pixelBaseline(name: string, session: GridSession, cells?: number): Promise<Baseline> {
  const { settings, images, size, context } = session;
  const key = {
    pixels: cells ?? size,
    size,
    l2: settings.l2,
    train: keyOf(images.train),
    test: keyOf(images.test),
  };
  const outcome = await session.cells.remember(key, async () => {
    const read = { size, onCorrupt: settings.onCorrupt, ...(cells !== undefined && { cells }) };
    const train = await pixelFeatures(images.train, read, { signal: context.signal });
    const test = await pixelFeatures(images.test, read, { signal: context.signal });
    const classes = classCount(images.train.dataset.classes, train.labels);
    return probeCell({ train, test, classes, l2: settings.l2 }, { signal: context.signal });
  });
  context.onProgress({ task: name, done: 1, total: 1, unit: "cells" });
  return baselineOf(name, outcome);
}

const keyOf = ({ dataset, indices }: Selection) => ({ digest: dataset.digest, count: indices.length });
