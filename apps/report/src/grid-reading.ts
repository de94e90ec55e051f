/** What a grid says: its best cell, its range, and the stretches of the network its blocks belong to. */
import type { Grid, GridBlock, Interval, Timestep } from "@difftap/run-folder";

export interface Cell {
  readonly row: number;
  readonly column: number;
  readonly block: number;
  readonly timestep: Timestep;
  readonly value: number;
  readonly interval: Interval;
}

/** All measured cells, timestep by timestep. */
export function cellsOf(grid: Grid): Cell[] {
  return grid.timesteps.flatMap((timestep, row) =>
    grid.blocks.flatMap((block, column) => {
      const value = grid.top1[row]?.[column];
      const interval = grid.interval[row]?.[column];
      return value == null || interval == null ? [] : [{ row, column, block, timestep, value, interval }];
    }),
  );
}

/** The cell of highest accuracy, the first of equals; undefined for a grid without numbers. */
export function bestCell(grid: Grid): Cell | undefined {
  return cellsOf(grid).reduce<Cell | undefined>(
    (best, cell) => (best && best.value >= cell.value ? best : cell),
    undefined,
  );
}

/** Lowest and highest accuracy of grid and baselines: the ends of the colour scale. */
export function gridRange(grid: Grid): readonly [number, number] | undefined {
  const values = [...cellsOf(grid).map(({ value }) => value), ...grid.baselines.flatMap(({ top1 }) => top1)];
  return values.length === 0 ? undefined : [Math.min(...values), Math.max(...values)];
}

/** Consecutive blocks that share something. */
export interface Stretch {
  readonly label: string;
  readonly start: number;
  readonly length: number;
}

/** Consecutive columns of equal label. */
function stretches(labels: readonly string[]): Stretch[] {
  const found: Stretch[] = [];
  labels.forEach((label, start) => {
    const last = found.at(-1);
    if (last?.label === label) found[found.length - 1] = { ...last, length: last.length + 1 };
    else found.push({ label, start, length: 1 });
  });
  return found;
}

const places = { input: "encoder", middle: "middle", output: "decoder" } as const;

/** "encoder", "middle" or "decoder". */
export const placeOf = (block: GridBlock): string => places[block.kind];

/** Encoder, middle and decoder as stretches of columns; none when the run does not say. */
export const placesOf = (grid: Grid): Stretch[] => stretches((grid.blockTable ?? []).map(placeOf));

/** Map sides as stretches of columns. */
export const sidesOf = (grid: Grid): Stretch[] =>
  stretches((grid.blockTable ?? []).map(({ side }) => `${side} px`));
