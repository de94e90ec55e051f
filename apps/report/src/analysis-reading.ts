/** What surfaces and matrices say: their ends, their best cell, the pairs most and least alike. */
import type { Interval, SimilarityMatrix, Surface } from "@difftap/run-folder";

export interface SurfaceCell {
  readonly row: number;
  readonly column: number;
  readonly block: number;
  readonly timestep: Surface["timesteps"][number];
  readonly value: number;
  readonly interval: Interval;
}

/** All measured cells, timestep by timestep. */
export function measuredCells({ blocks, timesteps, values, intervals }: Surface): SurfaceCell[] {
  return timesteps.flatMap((timestep, row) =>
    blocks.flatMap((block, column) => {
      const [value, interval] = [values[row]?.[column], intervals[row]?.[column]];
      return value == null || interval == null ? [] : [{ row, column, block, timestep, value, interval }];
    }),
  );
}

/** The best cell, the first of equals; undefined where neither end is the good one, or nothing was measured. */
export function bestOfSurface(surface: Surface): SurfaceCell | undefined {
  const { better } = surface;
  if (better === null) return undefined;
  const worth = ({ value }: SurfaceCell) => (better === "high" ? value : -value);
  return measuredCells(surface).reduce<SurfaceCell | undefined>(
    (best, cell) => (best && worth(best) >= worth(cell) ? best : cell),
    undefined,
  );
}

/** Smallest and largest of some values; undefined when there are none. */
export function endsOf(values: readonly number[]): readonly [number, number] | undefined {
  if (values.length === 0) return undefined;
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [values[0]!, values[0]!],
  );
}

export interface Pair {
  readonly row: string;
  readonly column: string;
  readonly value: number;
  readonly interval: Interval;
}

/** Rows are the columns: each pair is there twice. */
export const isSymmetric = ({ rows, columns }: SimilarityMatrix): boolean =>
  rows.length === columns.length && rows.every((name, index) => name === columns[index]);

/** Pairs of different things, each once, most alike first. */
export function pairsOf(matrix: SimilarityMatrix): Pair[] {
  const symmetric = isSymmetric(matrix);
  const { rows, columns, values, intervals } = matrix;
  const pairs = rows.flatMap((row, a) =>
    columns.flatMap((column, b) =>
      row === column || (symmetric && b < a)
        ? []
        : [{ row, column, value: values[a]![b]!, interval: intervals[a]![b]! }],
    ),
  );
  return pairs.sort((one, other) => other.value - one.value);
}
