/** Two sets of features, in float64, and the groups of rows that intervals leave out. */
import { DifftapError } from "@difftap/core";
import { checkFinite, type Matrix, matrixSize } from "../inputs.js";

/** Features of one set: `rows` vectors of `columns` values, one behind the other. */
export interface Rows {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** Groups of samples of which an interval leaves out one after the other. */
export const MOST_GROUPS = 10;

/** So few that every group left out leaves two samples, which a variance needs. */
const FEWEST_SAMPLES = 3;

/**
 * Both sets, checked.
 * @throws DifftapError USAGE_INVALID for fewer than three samples or sets of different widths, NUMERIC for a value that is not finite.
 */
export function comparableSets(first: Matrix, second: Matrix): { a: Rows; b: Rows; groups: number } {
  const a = rowsOf(first, "the first set", FEWEST_SAMPLES);
  const b = rowsOf(second, "the second set", FEWEST_SAMPLES);
  if (a.columns !== b.columns) {
    throw new DifftapError(
      "USAGE_INVALID",
      `the first set has ${a.columns} values a sample, the second ${b.columns}`,
      { hint: "both sets have to be features of the same network at the same place" },
    );
  }
  return { a, b, groups: Math.min(MOST_GROUPS, a.rows, b.rows) };
}

/** One set in float64. @throws DifftapError USAGE_INVALID for fewer samples, NUMERIC for a value that is not finite. */
export function rowsOf(matrix: Matrix, name: string, fewest: number): Rows {
  const { rows, columns } = matrixSize(matrix, name);
  if (rows < fewest) {
    throw new DifftapError("USAGE_INVALID", `${name} has ${rows} samples, ${fewest} are needed`);
  }
  checkFinite(matrix, name);
  return { data: Float64Array.from(matrix.data), rows, columns };
}

/** Sample i belongs to group i mod `groups`. */
export function withoutGroup({ data, rows, columns }: Rows, group: number, groups: number): Rows {
  const kept = Array.from({ length: rows }, (_, row) => row).filter((row) => row % groups !== group);
  const picked = new Float64Array(kept.length * columns);
  kept.forEach((row, place) => {
    picked.set(data.subarray(row * columns, (row + 1) * columns), place * columns);
  });
  return { data: picked, rows: kept.length, columns };
}
