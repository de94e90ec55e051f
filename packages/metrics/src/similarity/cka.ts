/**
 * Centred kernel alignment: how alike two representations of the same samples are, up to rotation and scale.
 *
 * ```ts
 * import { unbiasedCka } from "@difftap/metrics";
 *
 * const { value, interval } = unbiasedCka(featuresOfBlock19, featuresOfBlock24);
 * ```
 *
 * Sources: Kornblith et al. 2019 (arXiv 1905.00414); Nguyen et al. 2020 (arXiv 2010.15327), equations 2 and 3.
 */
import { DifftapError } from "@difftap/core";
import { jackknifeInterval } from "../distances/jackknife.js";
import { MOST_GROUPS, type Rows, rowsOf } from "../distances/rows.js";
import type { Matrix } from "../inputs.js";
import { type HsicEstimator, hsic, type PairSums, pairSums } from "./hsic.js";

export interface Similarity {
  /** 1: the same up to rotation and scale. 0: nothing shared; the unbiased estimate may fall below. */
  readonly value: number;
  /** 95 % interval by leaving out groups of samples, or of batches. */
  readonly interval: [number, number];
  /** Samples. */
  readonly n: number;
}

/** Of HSIC: "linear" is the biased one of most published figures, "unbiased" compares across dimensions. */
export type CkaEstimator = "linear" | "unbiased";

/** The unbiased estimate needs four samples, also where one is left out. */
const FEWEST_SAMPLES = 5;
const FEWEST_IN_BATCH = 4;

/**
 * CKA with linear kernels and biased HSIC: rises with the number of dimensions over samples.
 * @param first [n, d]
 * @param second [n, e], rows of the same samples. Takes n²/2 products of rows: for large n `minibatchCka`.
 * @throws DifftapError USAGE_INVALID for fewer than five samples or unequal numbers of them, NUMERIC for values that are
 * not finite and for a representation that is the same for all samples.
 */
export function linearCka(first: Matrix, second: Matrix): Similarity {
  return similarity(first, second, "linear");
}

/** CKA with linear kernels and unbiased HSIC (HSIC₁), comparable across dimensions. Otherwise as `linearCka`. */
export function unbiasedCka(first: Matrix, second: Matrix): Similarity {
  return similarity(first, second, "unbiased");
}

function similarity(first: Matrix, second: Matrix, estimator: CkaEstimator): Similarity {
  return ckaMatrix([first, second], estimator)[0]![1]!;
}

/**
 * CKA between all pairs of representations, in one pass over the pairs of samples: [representations][representations].
 * @param matrices [n, d] each, rows of the same samples
 * @throws DifftapError as `linearCka`
 */
export function ckaMatrix(matrices: readonly Matrix[], estimator: CkaEstimator): Similarity[][] {
  const sets = sameSamples(matrices, FEWEST_SAMPLES);
  const n = sets[0]!.rows;
  const groups = Math.min(MOST_GROUPS, n);
  const sums = pairSums(sets, groups);
  const kind = estimator === "linear" ? "biased" : "unbiased";
  const whole = hsicMatrix(sums, kind);
  const leftOut = Array.from({ length: groups }, (_, group) => hsicMatrix(sums, kind, group));
  return whole.map((row, a) =>
    row.map((_, b) => {
      const value = aligned(whole, a, b);
      const without = leftOut.map((matrix) => aligned(matrix, a, b));
      return { value, interval: jackknifeInterval(value, without), n };
    }),
  );
}

export interface MinibatchCka {
  /**
   * The same samples, at least four, in every representation. Batches count alike, so give them one size.
   * @param batch one matrix [n, d] per representation
   * @throws DifftapError as `linearCka`
   */
  add(batch: readonly Matrix[]): void;
  /** [representations][representations], of the batches so far. @throws DifftapError USAGE_INVALID before two of them. */
  similarities(): Similarity[][];
}

/**
 * CKA between any number of representations, from batches: the unbiased HSICs of batches are averaged, so that time and
 * memory do not grow with n². Its expectation does not depend on the size of the batches.
 */
export function minibatchCka(): MinibatchCka {
  const batches: number[][][] = [];
  let n = 0;
  return {
    add(batch) {
      const expected = batches[0]?.length ?? batch.length;
      if (batch.length !== expected || expected === 0) {
        throw new DifftapError("USAGE_INVALID", `${batch.length} representations, ${expected} before`);
      }
      const sets = sameSamples(batch, FEWEST_IN_BATCH);
      batches.push(hsicMatrix(pairSums(sets, 1), "unbiased"));
      n += sets[0]!.rows;
    },
    similarities() {
      if (batches.length < 2) {
        throw new DifftapError("USAGE_INVALID", `${batches.length} batches: an interval needs two`);
      }
      return batches[0]!.map((row, a) => row.map((_, b) => fromBatches(batches, a, b, n)));
    },
  };
}

function fromBatches(batches: readonly number[][][], a: number, b: number, n: number): Similarity {
  const groups = Math.min(MOST_GROUPS, batches.length);
  const value = aligned(meanMatrix(batches), a, b);
  const leftOut = Array.from({ length: groups }, (_, group) =>
    aligned(meanMatrix(batches.filter((_, place) => place % groups !== group)), a, b),
  );
  return { value, interval: jackknifeInterval(value, leftOut), n };
}

function meanMatrix(matrices: readonly number[][][]): number[][] {
  return matrices[0]!.map((row, a) =>
    row.map((_, b) => matrices.reduce((sum, matrix) => sum + matrix[a]![b]!, 0) / matrices.length),
  );
}

function hsicMatrix(sums: PairSums, estimator: HsicEstimator, without?: number): number[][] {
  return sums.grams.map((_, a) => sums.grams.map((_, b) => hsic(sums, [a, b], estimator, without)));
}

function aligned(matrix: readonly (readonly number[])[], a: number, b: number): number {
  for (const place of [a, b]) {
    if (matrix[place]![place]! > 0) continue;
    throw new DifftapError("NUMERIC", `representation ${place} is the same for all samples`, {
      hint: "nothing varies in it, so nothing can vary with it",
      details: { representation: place },
    });
  }
  return matrix[a]![b]! / Math.sqrt(matrix[a]![a]! * matrix[b]![b]!);
}

function sameSamples(matrices: readonly Matrix[], fewest: number): Rows[] {
  const sets = matrices.map((matrix, place) => rowsOf(matrix, `representation ${place}`, fewest));
  const other = sets.findIndex(({ rows }) => rows !== sets[0]!.rows);
  if (other === -1) return sets;
  throw new DifftapError(
    "USAGE_INVALID",
    `representation 0 has ${sets[0]!.rows} samples, representation ${other} has ${sets[other]!.rows}`,
    { hint: "both have to be features of the same samples in the same order" },
  );
}
