/** Which query answers for which class: the assignment of least cost (Kuhn, 1955), image by image, in plain numbers. */
import { linearSumAssignment } from "linear-sum-assignment";

export interface AssignmentSize {
  readonly batch: number;
  readonly queries: number;
  readonly classes: number;
}

/**
 * Every class that an image shows gets a query of its own; with fewer queries than classes the dearest go without.
 * @param costs [batch, queries, classes].
 * @param pixels [batch, classes]: how many pixels show it.
 * @returns [batch, queries, classes]: 1 where a query has a class. Costs that are not finite assign nothing: the losses of such
 * predictions are not finite either, which is where training says so.
 */
export function assignQueries(
  costs: ArrayLike<number>,
  pixels: ArrayLike<number>,
  { batch, queries, classes }: AssignmentSize,
): Float32Array {
  const assigned = new Float32Array(batch * queries * classes);
  for (let image = 0; image < batch; image++) {
    const shown = range(classes).filter((label) => pixels[image * classes + label]! > 0);
    const place = (query: number, label: number) => (image * queries + query) * classes + label;
    const matrix = range(queries).map((query) => shown.map((label) => costs[place(query, label)]!));
    queriesOf(matrix, shown.length).forEach((query, index) => {
      if (query >= 0) assigned[place(query, shown[index]!)] = 1;
    });
  }
  return assigned;
}

/** The row of each column; −1 where it has none. */
function queriesOf(
  matrix: number[][],
  columns: number,
): ArrayLike<number> & { forEach: number[]["forEach"] } {
  if (columns === 0) return [];
  // The library's name for it; it maximises unless told.
  const { columnAssignments } = linearSumAssignment(matrix, { maximaze: false });
  return Array.from(columnAssignments);
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
