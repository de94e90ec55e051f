/** The part `draws`: what other noise changes, and what averaging several draws of it gains. */
import { intraclassCorrelation } from "@difftap/metrics";
import { type Cell, type CellGrid, gridOf, measureCells, type Surface, surfaceOf } from "./cell.js";
import { meanFeatures, scoreFeatures, scoreProtocol } from "./scoring.js";
import { type AnalysisSession, classesOf } from "./session.js";
import { shownCells } from "./shown.js";
import type { Split } from "./split.js";

/** Needs images; accuracies need labelled training images too. Nothing without a noisy timestep. */
export async function drawsPart(session: AnalysisSession): Promise<Surface[]> {
  const noisy = session.grid.cells.filter(isNoisy);
  if (noisy.length === 0) return [];
  const surfaces = [await sharedVariance(session, noisy)];
  const { train, test, settings } = session;
  if (!train?.labelled || !test.labelled) return surfaces;
  const blocks = new Set(shownCells(session).map(({ block }) => block));
  const grid = gridOf(noisy.filter(({ block }) => blocks.has(block)));
  for (const count of settings.drawCounts) surfaces.push(await accuracyOver(session, grid, count));
  return surfaces;
}

const isNoisy = ({ timestep }: Cell) => timestep !== "clean";

/** How much of the features' variance is the images' own. */
async function sharedVariance(session: AnalysisSession, cells: readonly Cell[]): Promise<Surface> {
  const { settings, context, grid, test } = session;
  const measure = async (cell: Cell) => {
    const [first, second] = [await test.features(cell), await test.features(cell, { draw: 1 })];
    return intraclassCorrelation(first.features, second.features);
  };
  const found = await measureCells(cells, measure, { ...context, task: "draws of noise" });
  const [first] = found.values();
  return surfaceOf(grid, found, {
    ...{ metric: "intraclass correlation", unit: "", better: "high", n: first!.n },
    protocol: `share of the variance of features that two draws of noise have in common, ICC(1, 1); maps pooled to ${settings.pool}`,
    split: test.about,
    seeds: [settings.seed, settings.seed + 1],
  });
}

/** Top-1 of features that are means over so many draws, in training and test. */
async function accuracyOver(session: AnalysisSession, grid: CellGrid, count: number): Promise<Surface> {
  const { settings, context, test, train } = session;
  const classes = await classesOf(session);
  const key = { draws: count, train: await hashOf(train!), test: await hashOf(test) };
  const measure = async (cell: Cell) => {
    const both = [await averaged(train!, cell, count), await averaged(test, cell, count)] as const;
    return scoreFeatures(session, { train: both[0], test: both[1], classes }, { ...key, ...cell });
  };
  const task = count === 1 ? "one draw" : `mean of ${count} draws`;
  const found = await measureCells(grid.cells, measure, { ...context, task });
  const [first] = found.values();
  return surfaceOf(grid, found, {
    ...{ metric: `top-1, ${task}`, unit: "%", better: "high", n: first!.n },
    protocol: `${scoreProtocol(settings)}; features averaged over ${count === 1 ? "one draw" : `${count} draws`} of noise; maps pooled to ${settings.pool}`,
    split: test.about,
    seeds: Array.from({ length: count }, (_, draw) => settings.seed + draw),
  });
}

async function averaged(split: Split, cell: Cell, count: number) {
  const readings = [];
  for (let draw = 0; draw < count; draw++) readings.push(await split.features(cell, { draw }));
  return meanFeatures(readings);
}

/** Everything that a split's features depend on. */
const hashOf = async (split: Split) => (await split.store()).requestHash;
