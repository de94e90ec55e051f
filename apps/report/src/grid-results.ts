/** A grid in single numbers: its best cell, and the best of each baseline. */
import type { Baseline, Grid, Interval, RunResult } from "@difftap/run-folder";
import { bestCell } from "./grid-reading.js";

/** What tables call the best cell. */
const BEST = "best of the grid";

export interface GridResults {
  /** Undefined for a grid without numbers. */
  readonly best: RunResult | undefined;
  /** Those that have an interval. */
  readonly baselines: readonly RunResult[];
}

export function gridResults(grid: Grid): GridResults {
  const { n, split, seeds, pool, protocol } = grid;
  const shared = { metric: "top-1", unit: "%", n, split, seeds, protocol };
  const cell = bestCell(grid);
  const best = cell && {
    ...shared,
    name: BEST,
    value: cell.value,
    interval: cell.interval,
    tap: { block: cell.block, timestep: cell.timestep, pool },
  };
  return { best, baselines: grid.baselines.flatMap((each) => baselineResult(each, grid, shared)) };
}

type Shared = Pick<RunResult, "metric" | "unit" | "n" | "split" | "seeds" | "protocol">;

/** Of a baseline that was measured at every block, the best block. */
function baselineResult({ name, top1, interval, timestep, ...own }: Baseline, grid: Grid, shared: Shared) {
  const values = [top1].flat();
  const place = values.indexOf(Math.max(...values));
  const ends = (Array.isArray(top1) ? interval?.[place] : interval) as Interval | undefined;
  if (ends === undefined || place < 0) return [];
  const block = Array.isArray(top1) ? grid.blocks[place] : undefined;
  const tap = block !== undefined && timestep !== undefined && { block, timestep, pool: grid.pool };
  const protocol = own.protocol ?? shared.protocol;
  return [{ ...shared, name, value: values[place]!, interval: ends, protocol, ...(tap && { tap }) }];
}
