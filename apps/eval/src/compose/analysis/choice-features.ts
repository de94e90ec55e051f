/** Features for a choice: more images from rung to rung, and of the network only what is still in the race. */
import { join } from "node:path";
import { macsUpTo } from "@difftap/backbone";
import { splitFraction } from "@difftap/datasets";
import { extractToStore } from "../features.js";
import { takeRows } from "../hold-out.js";
import { type LabelledFeatures, readLabelled } from "../labelled.js";
import { type Cell, gridOf } from "./cell.js";
import type { AnalysisSession } from "./session.js";
import { arrayOf } from "./split.js";

export interface RungFeatures {
  /** Images that were read. */
  readonly images: number;
  /** Multiply-adds of the network in billions. */
  readonly gmac: number;
  read(cell: Cell): Promise<LabelledFeatures>;
}

/**
 * About so many training images, as many of each class as the set has them; larger rungs hold the smaller ones.
 * @param images of the rung
 */
export async function rungFeatures(
  session: AnalysisSession,
  cells: readonly Cell[],
  images: number,
): Promise<RungFeatures> {
  const { train, settings } = session;
  const labels = await trainLabels(session);
  const fraction = Math.min(1, images / labels.length);
  const rows = splitFraction(labels, fraction, settings.seed);
  if (train!.images) return extracted(session, cells, rows);
  return {
    images: rows.length,
    gmac: 0,
    read: async (cell) => takeRows(await train!.features(cell), rows),
  };
}

/** Of the images that can be read. */
async function trainLabels({ train, grid }: AnalysisSession): Promise<Int32Array> {
  const { images } = train!;
  if (images) return Int32Array.from(images.indices, (index) => images.dataset.label(index));
  return (await train!.features(grid.cells[0]!)).labels;
}

/** Timestep by timestep: each has its own blocks left, and the network ends at the deepest of them. */
async function extracted(
  session: AnalysisSession,
  cells: readonly Cell[],
  rows: Uint32Array,
): Promise<RungFeatures> {
  const { settings, runtime, size, train, context } = session;
  const { dataset, indices } = train!.images!;
  const images = { dataset, indices: rows.map((row) => indices[row]!) };
  const reading = { ...settings, runtime: runtime!, size, images };
  const stores = new Map<Cell["timestep"], Awaited<ReturnType<typeof extractToStore>>["store"]>();
  for (const timestep of gridOf(cells).timesteps) {
    const { blocks } = gridOf(cells.filter((cell) => cell.timestep === timestep));
    const taps = { ...settings, blocks, timesteps: [timestep], draws: 1 };
    const folder = `${rows.length}-${timestep === "clean" ? "clean" : `t${timestep}`}-${blocks.join(".")}`;
    const job = { ...reading, taps, store: join(settings.out, "features", "choice", folder) };
    stores.set(timestep, (await extractToStore(job, context)).store);
  }
  return {
    images: rows.length,
    gmac: rows.length * gmacPerImage(session, cells),
    read: async (cell) => {
      const store = stores.get(cell.timestep)!;
      return readLabelled(store, arrayOf(store, cell, settings.pool), { signal: context.signal });
    },
  };
}

/** What one image costs at these cells: a pass at each timestep up to its deepest block. */
export function gmacPerImage({ network, size }: AnalysisSession, cells: readonly Cell[]): number {
  const macs = macsUpTo(network.architecture, { height: size, width: size });
  return gridOf(cells).timesteps.reduce<number>((sum, timestep) => {
    const { blocks } = gridOf(cells.filter((cell) => cell.timestep === timestep));
    return sum + macs[blocks.at(-1)! - 1]! / 1e9;
  }, 0);
}
