/** What an analysis works on once everything is open. */
import { join } from "node:path";
import { blockTable } from "@difftap/backbone";
import type { OnnxBackbone } from "@difftap/backbone-onnx";
import type { CommandContext } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { type FeatureRequest, imageSizeOf, parseRequest, type Timestep } from "@difftap/taps";
import { type CellCache, openCells } from "../cells.js";
import { chosenBlocks } from "../grid.js";
import { type Selection, selectImages } from "../images.js";
import { classCount } from "../labelled.js";
import { type NetworkFacts, startRun } from "../run.js";
import { withRuntime } from "../runtime.js";
import { isStore } from "../stored-heads.js";
import { type CellGrid, gridOf, wholeGrid } from "./cell.js";
import type { AnalyzeSettings } from "./settings.js";
import { cellsIn, imageSplit, type Split, storedSplit } from "./split.js";

const DEFAULT_TIMESTEPS: readonly Timestep[] = [50];

export interface AnalysisSession {
  readonly settings: AnalyzeSettings;
  readonly context: CommandContext;
  readonly network: NetworkFacts & { readonly name: string };
  /** Absent where all features were stored before. */
  readonly runtime: OnnxBackbone | undefined;
  /** Side of the images in pixels. */
  readonly size: number;
  readonly grid: CellGrid;
  readonly test: Split;
  readonly train: Split | undefined;
  readonly classNames: readonly string[] | null;
  readonly cells: CellCache;
}

type Use = (session: AnalysisSession) => Promise<void>;

/** Opens images with their network, or stores; hands them to `use` and closes them, whatever happens. */
export async function withSession(
  settings: AnalyzeSettings,
  context: CommandContext,
  use: Use,
): Promise<void> {
  const stored = [settings.test, settings.train ?? settings.test].map(isStore);
  if (stored[0] !== stored[1]) {
    throw new DifftapError("REQUEST_INVALID", "of --test and --train one is a store and the other is not", {
      hint: "give two data sets, or two stores",
    });
  }
  await (stored[0] ? onStores(settings, context, use) : onImages(settings, context, use));
}

async function onImages(settings: AnalyzeSettings, context: CommandContext, use: Use): Promise<void> {
  const test = await selectImages(settings.test, settings.testCount);
  const train =
    settings.train === undefined ? undefined : await selectImages(settings.train, settings.trainCount);
  try {
    await withRuntime(settings, async (runtime, { name }) => {
      await startRun(settings.out, settings, runtime.name);
      await use({
        ...(await common(settings, context)),
        ...splitsOf(settings, context, runtime, { test, train }),
        network: { ...factsOf(runtime), name },
        runtime,
        classNames: (train ?? test).dataset.classes,
      });
    });
  } finally {
    await Promise.all([test.dataset.close?.(), train?.dataset.close?.()]);
  }
}

const common = async (settings: AnalyzeSettings, context: CommandContext) => ({
  settings,
  context,
  cells: await openCells(settings.out),
});

const factsOf = ({ architecture, blocks, weightsDigest }: NetworkFacts): NetworkFacts => ({
  architecture,
  blocks,
  weightsDigest,
});

function splitsOf(
  settings: AnalyzeSettings,
  context: CommandContext,
  runtime: OnnxBackbone,
  { test, train }: { test: Selection; train: Selection | undefined },
) {
  const size = settings.size ?? runtime.architecture.imageSize;
  const timesteps = settings.timesteps ?? DEFAULT_TIMESTEPS;
  const open = (name: Split["name"], images: Selection) => {
    const taps = { ...settings, timesteps, draws: 1 };
    const job = { ...settings, runtime, taps, size, store: join(settings.out, "features", name) };
    return imageSplit({ name, images, job, work: context });
  };
  return {
    size,
    grid: wholeGrid(chosenBlocks(runtime, settings.blocks), timesteps),
    test: open("test", test),
    train: train && open("train", train),
  };
}

async function onStores(settings: AnalyzeSettings, context: CommandContext, use: Use): Promise<void> {
  const open = (name: Split["name"], path: string) => storedSplit(name, path, settings.pool, context);
  const test = await open("test", settings.test);
  const train = settings.train === undefined ? undefined : await open("train", settings.train);
  const store = await test.store();
  const request = parseRequest(store.request);
  if (train) checkSameNetwork(request, parseRequest((await train.store()).request), settings);
  await startRun(settings.out, settings, "none: stored features");
  const { architecture, weights: weightsDigest } = request;
  await use({
    ...(await common(settings, context)),
    network: { name: "stored features", architecture, blocks: blockTable(architecture), weightsDigest },
    runtime: undefined,
    size: imageSizeOf(request).width,
    grid: storedGrid(cellsIn(store), settings),
    test,
    train,
    classNames: null,
  });
}

/** The cells of a store that were asked for. @throws DifftapError REQUEST_INVALID when there are none. */
function storedGrid(
  cells: ReturnType<typeof cellsIn>,
  { blocks, timesteps, test }: AnalyzeSettings,
): CellGrid {
  const chosen = cells.filter(
    (cell) =>
      (blocks === "all" || blocks.includes(cell.block)) &&
      (timesteps === undefined || timesteps.includes(cell.timestep)),
  );
  if (chosen.length > 0) return gridOf(chosen);
  const held = gridOf(cells);
  throw new DifftapError("REQUEST_INVALID", `${test} holds none of the blocks and timesteps asked for`, {
    hint: `it has blocks ${held.blocks.join(", ")} at ${held.timesteps.join(", ")}`,
  });
}

function checkSameNetwork(test: FeatureRequest, train: FeatureRequest, settings: AnalyzeSettings): void {
  if (test.weights === train.weights) return;
  throw new DifftapError(
    "STORE_MISMATCH",
    `${settings.train} and ${settings.test} come from different weights`,
    {
      hint: "extract both with the same checkpoint",
      details: { train: train.weights, test: test.weights },
    },
  );
}

/** Number of classes: of the data set, or of the training labels. */
export async function classesOf({ classNames, train }: AnalysisSession): Promise<number> {
  return classCount(classNames, await (await train!.store()).labels());
}
