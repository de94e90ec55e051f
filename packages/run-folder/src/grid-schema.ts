/** Accuracy over block × timestep, with the blocks' places in the network and the baselines beside it. */
import { z } from "zod";
import { closedObject } from "./closed-object.js";
import { count, interval, misfit, percent, seeds, text, timestep } from "./parts.js";

/** What a block is; `side` is the side of its map in pixels, `gmac` the cost of one image up to and including it. */
const gridBlockSchema = closedObject({
  kind: z.enum(["input", "middle", "output"]),
  channels: count,
  side: count,
  gmac: z.number().positive().optional(),
});

/** Something simpler measured the same way: one number, or one per block of the grid. */
const baselineSchema = closedObject({
  name: text,
  top1: z.union([percent, z.array(percent)]),
  interval: z.union([interval, z.array(interval)]).optional(),
  timestep: timestep.optional(),
  protocol: text.optional(),
});

const shape = closedObject({
  blocks: z.array(count),
  timesteps: z.array(timestep),
  /** Per cent, rows are timesteps and columns blocks; null for a cell that was not measured. */
  top1: z.array(z.array(percent.nullable())),
  interval: z.array(z.array(interval.nullable())),
  n: count,
  protocol: text,
  split: text,
  seeds,
  pool: z.union([count, z.literal("map")]),
  l2: z.number().nonnegative().optional(),
  blockTable: z.array(gridBlockSchema).optional(),
  baselines: z.array(baselineSchema).default([]),
});

export type Grid = z.output<typeof shape>;
export type GridBlock = z.output<typeof gridBlockSchema>;
export type Baseline = z.output<typeof baselineSchema>;

type Report = (message: string, ...path: (string | number)[]) => void;

export const gridSchema = shape.superRefine((grid, context) => {
  const report: Report = (message, ...path) =>
    context.addIssue({ code: "custom", message, path, input: grid });
  checkTable(grid, "top1", report);
  checkTable(grid, "interval", report);
  checkCells(grid, report);
  checkColumns(grid, report);
});

function checkTable(grid: Grid, name: "top1" | "interval", report: Report): void {
  const { length } = grid.timesteps;
  if (grid[name].length !== length) report(`${grid[name].length} rows for ${length} timesteps`, name);
  grid[name].forEach((row, index) => {
    if (row.length !== grid.blocks.length)
      report(`${row.length} columns for ${grid.blocks.length} blocks`, name, index);
  });
}

function checkCells(grid: Grid, report: Report): void {
  grid.top1.forEach((row, t) => {
    row.forEach((value, b) => {
      const ends = grid.interval[t]?.[b];
      if (ends === undefined) return;
      const message = misfit(ends, value);
      if (message) report(message, "interval", t, b);
    });
  });
}

function checkColumns(grid: Grid, report: Report): void {
  const columns = grid.blocks.length;
  const found = (list: readonly unknown[]) => `${list.length} entries for ${columns} blocks`;
  if (grid.blockTable && grid.blockTable.length !== columns) report(found(grid.blockTable), "blockTable");
  grid.baselines.forEach(({ top1, interval: ends }, index) => {
    if (Array.isArray(top1) && top1.length !== columns) report(found(top1), "baselines", index, "top1");
    const perBlock = Array.isArray(top1);
    const count = perBlock ? top1.length : 2;
    if (ends === undefined) return;
    if (ends.length !== count || Array.isArray(ends[0]) !== perBlock) {
      report(
        perBlock ? "one interval per block is needed" : "one interval [lower, upper] is needed",
        "baselines",
        index,
        "interval",
      );
    }
  });
}
