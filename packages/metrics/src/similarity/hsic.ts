/**
 * How much two representations of the same samples vary together: HSIC with linear kernels, from sums over all pairs of
 * samples. Gram matrices are never held; sums are kept by groups of samples, so that each group can be left out.
 *
 * Sources: Gretton et al. 2005 (biased); Song et al. 2012, equation 5 (unbiased: HSIC₁).
 */
import type { Rows } from "../distances/rows.js";

export type HsicEstimator = "biased" | "unbiased";

/** One representation's Gram matrix K, by sums. */
interface GramSums {
  /** [n, groups] Σ K_ij over j ≠ i in a group. */
  readonly rows: Float64Array;
  /** [n] K_ii */
  readonly diagonal: Float64Array;
}

export interface PairSums {
  readonly n: number;
  readonly groups: number;
  readonly grams: readonly GramSums[];
  /** [a][b] is [groups, groups]: Σ K_ij·L_ij over i in one group, j ≠ i in the other, of representations a ≤ b. */
  readonly products: readonly (readonly Float64Array[])[];
}

/** Sums over all pairs of rows. Sample i belongs to group i mod `groups`. Takes n²/2 products of rows. */
export function pairSums(representations: readonly Rows[], groups: number): PairSums {
  const n = representations[0]!.rows;
  const sets = representations.map(centred);
  const grams = sets.map((set) => ({ rows: new Float64Array(n * groups), diagonal: diagonalOf(set) }));
  const products = sets.map(() => sets.map(() => new Float64Array(groups * groups)));
  const values = new Float64Array(sets.length);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const [own, other] = [i % groups, j % groups];
      for (let a = 0; a < sets.length; a++) {
        const value = product(sets[a]!, i, j);
        values[a] = value;
        grams[a]!.rows[i * groups + other]! += value;
        grams[a]!.rows[j * groups + own]! += value;
        for (let b = 0; b <= a; b++) products[b]![a]![own * groups + other]! += 2 * value * values[b]!;
      }
    }
  }
  return { n, groups, grams, products };
}

/** Around its mean, which HSIC does not depend on, so that large means do not swallow small differences. */
function centred({ data, rows, columns }: Rows): Rows {
  const mean = new Float64Array(columns);
  for (let i = 0; i < data.length; i++) mean[i % columns]! += data[i]! / rows;
  return { data: data.map((value, i) => value - mean[i % columns]!), rows, columns };
}

function product({ data, columns }: Rows, i: number, j: number): number {
  let [sum, a, b] = [0, i * columns, j * columns];
  for (let column = 0; column < columns; column++) sum += data[a++]! * data[b++]!;
  return sum;
}

function diagonalOf(set: Rows): Float64Array {
  return Float64Array.from({ length: set.rows }, (_, row) => product(set, row, row));
}

/** HSIC of two of the representations, on all samples or without one group. */
export function hsic(
  sums: PairSums,
  [a, b]: readonly [number, number],
  estimator: HsicEstimator,
  without?: number,
): number {
  const withDiagonal = estimator === "biased";
  const [first, second] = [sums.grams[a]!, sums.grams[b]!];
  let [n, shared, rowsTimesRows, sumA, sumB] = [0, sharedProducts(sums, a, b, without), 0, 0, 0];
  for (let i = 0; i < sums.n; i++) {
    if (i % sums.groups === without) continue;
    const rowA = rowSum(first, sums.groups, i, without) + (withDiagonal ? first.diagonal[i]! : 0);
    const rowB = rowSum(second, sums.groups, i, without) + (withDiagonal ? second.diagonal[i]! : 0);
    if (withDiagonal) shared += first.diagonal[i]! * second.diagonal[i]!;
    n += 1;
    rowsTimesRows += rowA * rowB;
    sumA += rowA;
    sumB += rowB;
  }
  if (withDiagonal) return (shared - (2 / n) * rowsTimesRows + (sumA * sumB) / n ** 2) / (n - 1) ** 2;
  const rest = (sumA * sumB) / ((n - 1) * (n - 2)) - (2 / (n - 2)) * rowsTimesRows;
  return (shared + rest) / (n * (n - 3));
}

function sharedProducts({ groups, products }: PairSums, a: number, b: number, without?: number): number {
  const sums = products[Math.min(a, b)]![Math.max(a, b)]!;
  return sums.reduce((all, value, cell) => {
    const touched = Math.floor(cell / groups) === without || cell % groups === without;
    return touched ? all : all + value;
  }, 0);
}

function rowSum({ rows }: GramSums, groups: number, i: number, without?: number): number {
  let sum = 0;
  for (let group = 0; group < groups; group++) if (group !== without) sum += rows[i * groups + group]!;
  return sum;
}
