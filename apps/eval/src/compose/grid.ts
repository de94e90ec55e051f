/** Probing every block at every timestep, and what the same probe makes of simpler things. */
import type { BackboneRuntime } from "@difftap/backbone";
import type { LongWork } from "@difftap/core";
import type { FeatureStore } from "@difftap/feature-store";
import type { Baseline, Grid } from "@difftap/run-folder";
import { arrayName, type Timestep } from "@difftap/taps";
import type { CellCache } from "./cells.js";
import { classCount, readLabelled } from "./labelled.js";
import { type ProbeDetail, type ProbeOutcome, probeCell } from "./probing.js";

/** A training and a test store of the same taps. */
interface StorePair {
  readonly train: FeatureStore;
  readonly test: FeatureStore;
}

export interface GridTask {
  readonly stores: StorePair;
  readonly blocks: readonly number[];
  readonly timesteps: readonly Timestep[];
  readonly pool: number | "map";
  readonly l2: number;
  readonly classNames: readonly string[] | null;
  readonly cells: CellCache;
  /** What is probed, for progress: "probes", "random weights". */
  readonly task: string;
}

/** Outcomes as rows of timesteps and columns of blocks. */
export async function probeGrid(grid: GridTask, work: LongWork): Promise<ProbeOutcome[][]> {
  const total = grid.timesteps.length * grid.blocks.length;
  const rows: ProbeOutcome[][] = [];
  for (const timestep of grid.timesteps) {
    const row: ProbeOutcome[] = [];
    for (const block of grid.blocks) {
      const key = { ...cellKey(grid), array: arrayOf(grid, timestep, block) };
      row.push(await grid.cells.remember(key, () => probeOne(grid, timestep, block, work)));
      work.onProgress?.({
        task: grid.task,
        done: rows.length * grid.blocks.length + row.length,
        total,
        unit: "cells",
      });
    }
    rows.push(row);
  }
  return rows;
}

/** One cell in full: logits and predictions as well. */
export async function probeOne(
  grid: GridTask,
  timestep: Timestep,
  block: number,
  work: LongWork,
): Promise<ProbeDetail> {
  const name = arrayOf(grid, timestep, block);
  const train = await readLabelled(grid.stores.train, name, { signal: work.signal });
  const test = await readLabelled(grid.stores.test, name, { signal: work.signal });
  return probeCell(
    { train, test, classes: classCount(grid.classNames, train.labels), l2: grid.l2 },
    { signal: work.signal },
  );
}

const arrayOf = ({ pool }: GridTask, timestep: Timestep, block: number) =>
  arrayName(timestep, { block, pool });

const cellKey = ({ stores, l2 }: GridTask) => ({
  train: stores.train.requestHash,
  test: stores.test.requestHash,
  l2,
});

export interface BestCell {
  readonly timestep: Timestep;
  readonly block: number;
  readonly outcome: ProbeOutcome;
}

/** The cell with the highest top-1; of equal ones the first. */
export function bestCell(
  { timesteps, blocks }: Pick<GridTask, "timesteps" | "blocks">,
  outcomes: readonly ProbeOutcome[][],
): BestCell {
  const cells = outcomes.flatMap((row, t) =>
    row.map((outcome, b) => ({ timestep: timesteps[t]!, block: blocks[b]!, outcome })),
  );
  return cells.reduce((best, cell) => (cell.outcome.top1 > best.outcome.top1 ? cell : best));
}

/** One row of outcomes as a baseline beside the grid. */
export function baselineRow(name: string, timestep: Timestep, row: readonly ProbeOutcome[]): Baseline {
  return {
    name,
    timestep,
    top1: row.map(({ top1 }) => top1),
    interval: row.map(({ interval }) => [...interval] as [number, number]),
  };
}

/** A single outcome as a baseline. */
export function baselineOf(name: string, { top1, interval }: ProbeOutcome): Baseline {
  return { name, top1, interval: [...interval] as [number, number] };
}

/** The two tables of a grid. */
export function gridTables(outcomes: readonly ProbeOutcome[][]): Pick<Grid, "top1" | "interval"> {
  return {
    top1: outcomes.map((row) => row.map(({ top1 }) => top1)),
    interval: outcomes.map((row) => row.map(({ interval }) => [...interval] as [number, number])),
  };
}

/** Numbers of the blocks that were asked for. */
export function chosenBlocks({ blocks }: BackboneRuntime, wanted: readonly number[] | "all"): number[] {
  return wanted === "all" ? blocks.map((block) => block.number) : [...wanted];
}
