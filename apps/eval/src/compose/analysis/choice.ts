/** The part `choice`: a block and a timestep on a small budget, and what that lost. */
import { DifftapError } from "@difftap/core";
import type { Choice } from "@difftap/run-folder";
import { balancedHoldOut } from "../hold-out.js";
import { type Cell, cellName, type Measure, measureCells, type Surface, surfaceOf } from "./cell.js";
import { gmacPerImage, type RungFeatures, rungFeatures } from "./choice-features.js";
import { successiveHalving } from "./halving.js";
import { type MeasuredCell, openGridRun, regretOf } from "./regret.js";
import { type Score, scoreFeatures, scoreProtocol } from "./scoring.js";
import { type AnalysisSession, classesOf } from "./session.js";

/** Shares of the training images on the rungs where none are named. */
const DEFAULT_RUNGS = [1 / 16, 1 / 8, 1 / 4];

type Rungs = Choice["rungs"];

/** Needs training images with labels. */
export async function choicePart(session: AnalysisSession): Promise<Choice> {
  const { grid, settings, train } = session;
  const climbed: { features: RungFeatures; scores: Map<string, Score> }[] = [];
  const rungs = await successiveHalving({
    candidates: grid.cells,
    rungs: rungsOf(session),
    keep: settings.keep,
    async score(cells, images) {
      const features = await rungFeatures(session, cells, images);
      const scores = await heldOutScores(session, cells, features);
      climbed.push({ features, scores });
      return cells.map((cell) => scores.get(cellName(cell))!.value);
    },
  });
  const shown = rungs.map(({ kept }, index): Rungs[number] => rungOf(session, climbed[index]!, kept.length));
  const [chosen] = rungs.at(-1)!.kept;
  const { value, interval } = climbed.at(-1)!.scores.get(cellName(chosen!))!;
  const { protocol, split, n, seeds } = shown.at(-1)!.scores;
  const sum = (of: (place: number) => number) => shown.reduce((total, _, place) => total + of(place), 0);
  return {
    rungs: shown,
    chosen: { ...chosen!, value, interval: [...interval], protocol, split, n, seeds },
    cost: {
      gmac: sum((place) => climbed[place]!.features.gmac),
      gridGmac: train!.images ? train!.count * gmacPerImage(session, grid.cells) : 0,
      readings: sum((place) => climbed[place]!.features.images * climbed[place]!.scores.size),
      gridReadings: train!.count * grid.cells.length,
    },
    ...(await regretOfChoice(session, chosen!)),
  };
}

/** @throws DifftapError REQUEST_INVALID for rungs that do not rise, or need more images than there are. */
function rungsOf({ settings: { rungs }, train }: AnalysisSession): readonly number[] {
  const { count } = train!;
  if (rungs === undefined) return DEFAULT_RUNGS.map((share) => Math.max(1, Math.round(share * count)));
  const rises = rungs.every((images, place) => images >= 1 && (place === 0 || images > rungs[place - 1]!));
  if (rungs.length > 0 && rises && rungs.at(-1)! <= count) return rungs;
  throw new DifftapError("REQUEST_INVALID", `rungs of ${rungs.join(", ")} images`, {
    hint: `each has more images than the one before, the last at most the ${count} there are`,
    details: { rungs, count },
  });
}

/** Each cell solved on most of the rung's images and judged by the rest. */
async function heldOutScores(
  session: AnalysisSession,
  cells: readonly Cell[],
  { images, read }: RungFeatures,
): Promise<Map<string, Score>> {
  const { settings, context, network, train, size } = session;
  const classes = await classesOf(session);
  const { seed, pool, holdOut } = settings;
  const key = { images, seed, pool, holdOut, size, weights: network.weightsDigest, train: train!.digest };
  const score = async (cell: Cell) => {
    const { fit, validation } = balancedHoldOut(await read(cell), seed, holdOut);
    return scoreFeatures(session, { train: fit, test: validation, classes }, { ...key, ...cell });
  };
  return measureCells(cells, score, { ...context, task: `choice, ${images} images` });
}

function rungOf(
  { settings, grid, train }: AnalysisSession,
  { features, scores }: { features: RungFeatures; scores: ReadonlyMap<string, Measure & { n: number }> },
  kept: number,
): Rungs[number] {
  const { images } = features;
  const [first] = scores.values();
  return {
    images,
    kept,
    scores: surfaceOf(grid, scores, {
      ...{ metric: "top-1", unit: "%", better: "high", n: first!.n, seeds: [settings.seed] },
      protocol: `${scoreProtocol(settings)}, on ${images - first!.n} of ${images} training images; maps pooled to ${settings.pool}`,
      split: `held out of ${train!.about}`,
    }),
  };
}

async function regretOfChoice(
  session: AnalysisSession,
  chosen: Cell,
): Promise<Pick<Choice, "regret" | "grid">> {
  const { gridRun, fullGrid } = session.settings;
  if (gridRun !== undefined) return regretInRun(gridRun, chosen);
  if (!fullGrid) return {};
  const { cells, grid } = await wholeGridScores(session);
  const { protocol, split, n, seeds } = grid;
  return { grid, regret: regretOf(cells, chosen, { protocol, split, n, seeds }) };
}

async function regretInRun(path: string, chosen: Cell): Promise<Pick<Choice, "regret">> {
  const { cells, grid } = await openGridRun(path);
  const { split, n, seeds } = grid;
  return { regret: regretOf(cells, chosen, { protocol: `${grid.protocol}; run ${path}`, split, n, seeds }) };
}

/** Every cell solved on all training images and measured on the test images. */
async function wholeGridScores(session: AnalysisSession): Promise<{ cells: MeasuredCell[]; grid: Surface }> {
  const { grid, train, test, context, settings } = session;
  const classes = await classesOf(session);
  const stores = [(await train!.store()).requestHash, (await test.store()).requestHash];
  const score = async (cell: Cell) => {
    const task = { train: await train!.features(cell), test: await test.features(cell), classes };
    return scoreFeatures(session, task, { stores, ...cell });
  };
  const found = await measureCells(grid.cells, score, { ...context, task: "whole grid" });
  const [first] = found.values();
  return {
    cells: grid.cells.map((cell) => ({ ...cell, ...found.get(cellName(cell))! })),
    grid: surfaceOf(grid, found, {
      ...{ metric: "top-1", unit: "%", better: "high", n: first!.n, seeds: [settings.seed] },
      protocol: `${scoreProtocol(settings)}, every cell on all ${train!.count} training images; maps pooled to ${settings.pool}`,
      split: test.about,
    }),
  };
}
