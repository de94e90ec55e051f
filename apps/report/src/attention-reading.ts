/** What a map of attention says: its share and its strongest cells. */
import type { AttentionExample, AttentionMap } from "@difftap/run-folder";
import { sharePercent, timestepName } from "./numbers.js";

export interface AttendedCell {
  /** Counted from 1, from the top and from the left. */
  readonly row: number;
  readonly column: number;
  readonly weight: number;
}

/** What the tap gets of the CLS token's attention at its timestep. */
export const shareOfTap = ({ weights }: Pick<AttentionMap, "weights">): number =>
  weights.reduce((total, weight) => total + weight, 0);

/** The `wanted` strongest cells, strongest first. */
export function strongestCells(weights: readonly number[], width: number, wanted: number): AttendedCell[] {
  return weights
    .map((weight, cell) => ({ row: Math.floor(cell / width) + 1, column: (cell % width) + 1, weight }))
    .sort((a, b) => b.weight - a.weight)
    .slice(0, wanted);
}

/** "row 2, column 3 (4.1 %)" */
export const cellName = ({ row, column, weight }: AttendedCell): string =>
  `row ${row}, column ${column} (${sharePercent(weight)})`;

/** "block 9, t = 90" */
export const mapName = ({ block, timestep }: Pick<AttentionMap, "block" | "timestep">): string =>
  `block ${block}, ${timestepName(timestep)}`;

/** "dog, taken for cat" */
export const verdict = ({ label, predicted }: AttentionExample): string =>
  label === predicted ? `${label}, recognised` : `${label}, taken for ${predicted}`;
