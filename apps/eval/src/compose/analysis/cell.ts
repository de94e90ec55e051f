/** Places where a network is read, and what is measured at each. */
import { setImmediate } from "node:timers/promises";
import { type LongWork, throwIfAborted } from "@difftap/core";
import type { Analysis } from "@difftap/run-folder";
import { arrayName, type ImageSides, type Timestep } from "@difftap/taps";

export interface Cell {
  readonly block: number;
  readonly timestep: Timestep;
  /** Of the images, where a head reads it from others than the rest; tables over blocks and timesteps have none of these. */
  readonly size?: ImageSides | undefined;
}

/** Blocks and timesteps, and which of their pairs can be read. */
export interface CellGrid {
  readonly blocks: readonly number[];
  readonly timesteps: readonly Timestep[];
  readonly cells: readonly Cell[];
}

export interface Measure {
  readonly value: number;
  readonly interval: readonly [number, number];
}

export type Surface = NonNullable<Analysis["sphere"]>[number];

/** "t50/b09", "t50/b09@48" */
export const cellName = ({ block, timestep, size }: Cell): string =>
  arrayName(timestep, { block, pool: "map", size });

export const isSame = (one: Cell, other: Cell): boolean => cellName(one) === cellName(other);

/** All pairs. */
export function wholeGrid(blocks: readonly number[], timesteps: readonly Timestep[]): CellGrid {
  const cells = timesteps.flatMap((timestep) => blocks.map((block) => ({ block, timestep })));
  return { blocks, timesteps, cells };
}

/** Pairs that there are, their blocks and timesteps in the order they come in. */
export function gridOf(cells: readonly Cell[]): CellGrid {
  const blocks = [...new Set(cells.map(({ block }) => block))].sort((a, b) => a - b);
  const timesteps = [...new Set(cells.map(({ timestep }) => timestep))];
  return { blocks, timesteps, cells };
}

/** Measures cell by cell; other work gets its turn in between. */
export async function measureCells<T>(
  cells: readonly Cell[],
  measure: (cell: Cell) => Promise<T> | T,
  { task, signal, onProgress }: LongWork & { readonly task: string },
): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  for (const cell of cells) {
    throwIfAborted(signal);
    found.set(cellName(cell), await measure(cell));
    onProgress?.({ task, done: found.size, total: cells.length, unit: "cells" });
    await setImmediate();
  }
  return found;
}

/** What was measured as a table over blocks and timesteps. */
export function surfaceOf(
  { blocks, timesteps }: Pick<CellGrid, "blocks" | "timesteps">,
  measured: ReadonlyMap<string, Measure>,
  said: Pick<Surface, "metric" | "unit" | "better" | "protocol" | "split" | "n" | "seeds">,
): Surface {
  const table = <T>(of: (measure: Measure) => T) =>
    timesteps.map((timestep) =>
      blocks.map((block) => {
        const measure = measured.get(cellName({ block, timestep }));
        return measure === undefined ? null : of(measure);
      }),
    );
  return {
    ...said,
    blocks: [...blocks],
    timesteps: [...timesteps],
    values: table(({ value }) => value),
    intervals: table(({ interval: [low, high] }): [number, number] => [low, high]),
  };
}

/** A share of 1 in per cent. */
export function inPercent({ value, interval: [low, high] }: Measure): {
  value: number;
  interval: [number, number];
} {
  return { value: 100 * value, interval: [100 * low, 100 * high] };
}
