/**
 * Features on the unit sphere: how close the two views of an image lie (alignment), and how evenly images spread
 * (uniformity). Source: Wang and Isola 2020 (arXiv 2005.10242), section 4.
 */
import { DifftapError } from "@difftap/core";
import { jackknifeInterval } from "../distances/jackknife.js";
import { MOST_GROUPS, type Rows, rowsOf } from "../distances/rows.js";
import type { Matrix } from "../inputs.js";
import { type BootstrapOptions, bootstrapInterval } from "../intervals.js";

export interface SphereMeasure {
  readonly value: number;
  /** 95 % interval. */
  readonly interval: [number, number];
  /** Pairs of views, or samples. */
  readonly n: number;
}

export interface AlignmentOptions extends BootstrapOptions {
  /** Power of the distance; 2 unless given. */
  readonly alpha?: number;
}

/** A group may be left out when two pairs of samples remain. */
const FEWEST_SAMPLES = 3;

/**
 * Mean distance to the power α between the unit vectors of two views; 0 is perfect. Interval by resampling pairs.
 * @param first [n, d]
 * @param second [n, d], the other view of the same images: another augmentation or draw of noise.
 * @throws DifftapError USAGE_INVALID for shapes that differ, NUMERIC for values that are not finite and rows of zeros.
 */
export function alignment(first: Matrix, second: Matrix, options: AlignmentOptions): SphereMeasure {
  const { alpha = 2, ...bootstrap } = options;
  const [a, b] = [unitRows(first, "the first view", 1), unitRows(second, "the second view", 1)];
  if (a.rows !== b.rows || a.columns !== b.columns) {
    throw new DifftapError(
      "USAGE_INVALID",
      `views of shapes [${first.shape.join(", ")}] and [${second.shape.join(", ")}]`,
      { hint: "both views have to be features of the same images in the same order" },
    );
  }
  const distances = Float64Array.from(
    { length: a.rows },
    (_, row) => squaredDistance(a, row, b, row) ** (alpha / 2),
  );
  const value = distances.reduce((sum, each) => sum + each, 0) / a.rows;
  return { value, interval: bootstrapInterval(distances, bootstrap), n: a.rows };
}

/**
 * log of the mean of exp(−t·|x − y|²) over all pairs of samples, as unit vectors; the lower, the more even. Interval by
 * the jackknife. Takes n²/2 distances.
 * @param features [n, d]
 * @param t 2 unless given
 * @throws DifftapError USAGE_INVALID for fewer than three samples, NUMERIC for values that are not finite and rows of zeros.
 */
export function uniformity(features: Matrix, t = 2): SphereMeasure {
  const rows = unitRows(features, "features", FEWEST_SAMPLES);
  const groups = Math.min(MOST_GROUPS, rows.rows);
  const sums = potentials(rows, groups, t);
  const value = logMean(sums);
  const leftOut = Array.from({ length: groups }, (_, group) => logMean(sums, group));
  return { value, interval: jackknifeInterval(value, leftOut), n: rows.rows };
}

/** Σ exp(−t·|x − y|²) and the number of pairs, by the groups of both. Sample i belongs to group i mod `groups`. */
interface Potentials {
  readonly groups: number;
  readonly sums: Float64Array;
  readonly pairs: Float64Array;
}

function potentials(rows: Rows, groups: number, t: number): Potentials {
  const sums = new Float64Array(groups * groups);
  const pairs = new Float64Array(groups * groups);
  for (let i = 0; i < rows.rows; i++) {
    for (let j = 0; j < i; j++) {
      const cell = (i % groups) * groups + (j % groups);
      sums[cell]! += Math.exp(-t * squaredDistance(rows, i, rows, j));
      pairs[cell]! += 1;
    }
  }
  return { groups, sums, pairs };
}

function logMean({ groups, sums, pairs }: Potentials, without?: number): number {
  const total = (values: Float64Array) =>
    values.reduce((all, value, cell) => {
      const touched = Math.floor(cell / groups) === without || cell % groups === without;
      return touched ? all : all + value;
    }, 0);
  return Math.log(total(sums) / total(pairs));
}

function unitRows(matrix: Matrix, name: string, fewest: number): Rows {
  const { data, rows, columns } = rowsOf(matrix, name, fewest);
  for (let row = 0; row < rows; row++) {
    const values = data.subarray(row * columns, (row + 1) * columns);
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    if (length === 0) throw new DifftapError("NUMERIC", `${name}: row ${row} has no direction, it is all 0`);
    for (let column = 0; column < columns; column++) values[column]! /= length;
  }
  return { data, rows, columns };
}

function squaredDistance({ data: x, columns }: Rows, i: number, { data: y }: Rows, j: number): number {
  let sum = 0;
  for (let column = 0; column < columns; column++) {
    sum += (x[i * columns + column]! - y[j * columns + column]!) ** 2;
  }
  return sum;
}
