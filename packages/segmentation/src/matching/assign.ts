/** Which query answers for which class: the assignment of least cost (Kuhn, 1955), image by image, in plain numbers. */
import { munkres } from "munkres";

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
    for (const [query, index] of pairsOf(matrix, shown.length)) assigned[place(query, shown[index]!)] = 1;
  }
  return assigned;
}

/** Row and column of each pair; none for costs that are not finite. */
function pairsOf(
  matrix: readonly (readonly number[])[],
  columns: number,
): readonly (readonly [number, number])[] {
  const known = columns > 0 && matrix.every((row) => row.every(Number.isFinite));
  return known ? munkres(matrix) : [];
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
