/** The part `sphere`: how close two readings of an image lie on the unit sphere, and how evenly images spread over it. */
import { alignment, type SphereMeasure, uniformity } from "@difftap/metrics";
import { takeRows } from "../hold-out.js";
import { type Cell, measureCells, type Surface, surfaceOf } from "./cell.js";
import type { AnalysisSession } from "./session.js";
import type { Variant } from "./split.js";

/** Images whose pairs uniformity counts: more say nothing else. */
const MOST_IMAGES = 1000;

/** Uniformity, and where images are at hand alignment of two views and of two draws of noise. */
export async function spherePart(session: AnalysisSession): Promise<Surface[]> {
  const { test, grid } = session;
  const spread = await surface(session, "uniformity", evenness(session), {
    cells: grid.cells,
    protocol: "log of the mean of exp(−2·|x − y|²) over pairs of images",
  });
  if (!test.images) return [spread];
  const views = await surface(
    session,
    "alignment of two views",
    closeness(session, { view: 0 }, { view: 1 }),
    {
      cells: grid.cells,
      protocol: "mean squared distance of two crops and mirrorings of an image, its noise being the same",
    },
  );
  const noisy = grid.cells.filter(({ timestep }) => timestep !== "clean");
  if (noisy.length === 0) return [views, spread];
  const draws = await surface(session, "alignment of two draws", closeness(session, {}, { draw: 1 }), {
    cells: noisy,
    protocol: "mean squared distance of an image with two draws of noise",
  });
  return [views, draws, spread];
}

const evenness = (session: AnalysisSession) => async (cell: Cell) => {
  const all = await session.test.features(cell);
  const few = Uint32Array.from(all.labels.keys()).subarray(0, MOST_IMAGES);
  return uniformity(takeRows(all, few).features);
};

const closeness = (session: AnalysisSession, first: Variant, second: Variant) => async (cell: Cell) => {
  const { test, settings } = session;
  const [one, other] = [await test.features(cell, first), await test.features(cell, second)];
  return alignment(one.features, other.features, { seed: settings.seed });
};

async function surface(
  { settings, context, grid, test }: AnalysisSession,
  metric: string,
  measure: (cell: Cell) => Promise<SphereMeasure>,
  { cells, protocol }: { cells: readonly Cell[]; protocol: string },
): Promise<Surface> {
  const found = await measureCells(cells, measure, { ...context, task: metric });
  const [first] = found.values();
  return surfaceOf(grid, found, {
    ...{ metric, unit: "", better: "low", n: first!.n, seeds: [settings.seed] },
    protocol: `${protocol}; unit vectors; maps pooled to ${settings.pool}`,
    split: test.about,
  });
}
