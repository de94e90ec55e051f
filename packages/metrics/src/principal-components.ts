/**
 * The directions in which features vary most, and feature maps as colours.
 *
 * ```ts
 * import { componentColours, principalComponents, projectOnto } from "@difftap/metrics";
 *
 * const model = principalComponents(positionsOfAMap, 3); // [height·width, channels]
 * const rgb = componentColours(projectOnto(model, positionsOfAMap)); // height·width·3 bytes
 * ```
 */
import { DifftapError, type NdArray, ndarray } from "@difftap/core";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { type Rows, rowsOf } from "./distances/rows.js";
import { checkFinite, type Matrix as Features, matrixSize } from "./inputs.js";
import { quantile } from "./intervals.js";

export interface PrincipalComponents {
  /** [d] */
  readonly mean: Float64Array;
  /** [count, d], orthonormal, the largest variance first; the largest entry of each is positive. */
  readonly components: NdArray<"float64">;
  /** Share of the features' variance along each, 0 to 1. */
  readonly explained: readonly number[];
}

/**
 * The first `count` principal components of features [n, d]: eigenvectors of their covariance, or where there are fewer
 * samples than dimensions, of their products. Takes n·d·min(n, d) + min(n, d)³ operations.
 * @throws DifftapError USAGE_INVALID unless 1 ≤ count ≤ min(n − 1, d), NUMERIC for values that are not finite and
 * where features vary in fewer than `count` directions.
 */
export function principalComponents(features: Features, count: number): PrincipalComponents {
  const rows = rowsOf(features, "features", 2);
  const most = Math.min(rows.rows - 1, rows.columns);
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw new DifftapError(
      "USAGE_INVALID",
      `${count} components of features [${features.shape.join(", ")}]`,
      {
        hint: `a whole number from 1 to ${most}`,
      },
    );
  }
  const { mean, centred } = aroundMean(rows);
  const { directions, variances } = largestDirections(centred, count);
  const total = centred.norm("frobenius") ** 2;
  return {
    mean,
    components: ndarray("float64", [count, rows.columns], Float64Array.from(directions.flatMap(signed))),
    explained: variances.map((variance) => variance / total),
  };
}

function aroundMean({ data, rows, columns }: Rows): { mean: Float64Array; centred: Matrix } {
  const mean = new Float64Array(columns);
  for (let i = 0; i < data.length; i++) mean[i % columns]! += data[i]! / rows;
  const values = data.map((value, i) => value - mean[i % columns]!);
  return { mean, centred: Matrix.from1DArray(rows, columns, values) };
}

/** Unit vectors [d], and the sums of squares along them. */
function largestDirections(centred: Matrix, count: number): { directions: number[][]; variances: number[] } {
  const wide = centred.rows < centred.columns;
  const transposed = centred.transpose();
  const gram = wide ? centred.mmul(transposed) : transposed.mmul(centred);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  const order = realEigenvalues
    .map((_, place) => place)
    .sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!)
    .slice(0, count);
  const variances = order.map((place) => realEigenvalues[place]!);
  checkVaried(variances, count);
  const directions = order.map((place) => {
    const vector = eigenvectorMatrix.getColumnVector(place);
    return unit((wide ? transposed.mmul(vector) : vector).to1DArray());
  });
  return { directions, variances };
}

/** Variances this much below the largest are rounding. */
const RELATIVE_ZERO = 1e-13;

function checkVaried(variances: readonly number[], count: number): void {
  const varied = variances.filter((variance) => variance > RELATIVE_ZERO * variances[0]!).length;
  if (varied === count) return;
  throw new DifftapError("NUMERIC", `the features vary in ${varied} directions, ${count} were asked for`);
}

function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function signed(vector: readonly number[]): number[] {
  const largest = vector.reduce((held, value) => (Math.abs(value) > Math.abs(held) ? value : held), 0);
  return largest < 0 ? vector.map((value) => -value) : [...vector];
}

/** Places of features [n, d] along the components: [n, count]. @throws DifftapError USAGE_INVALID, NUMERIC */
export function projectOnto(
  { mean, components }: PrincipalComponents,
  features: Features,
): NdArray<"float64"> {
  const { rows, columns } = matrixSize(features, "features");
  const count = components.shape[0]!;
  if (columns !== mean.length) {
    throw new DifftapError("USAGE_INVALID", `features have ${columns} dimensions, components ${mean.length}`);
  }
  checkFinite(features, "features");
  const out = new Float64Array(rows * count);
  for (let row = 0; row < rows; row++) {
    for (let component = 0; component < count; component++) {
      let sum = 0;
      for (let column = 0; column < columns; column++) {
        const value = features.data[row * columns + column]! - mean[column]!;
        sum += value * components.data[component * columns + column]!;
      }
      out[row * count + component] = sum;
    }
  }
  return ndarray("float64", [rows, count], out);
}

/** Shares of the values below black and above full colour: single outliers would leave the rest grey. */
const CLIPPED = 0.01;

/** Projections [n, 3] as RGB bytes: each component's 1st to 99th percentile becomes 0 to 255. */
export function componentColours(projections: NdArray<"float64">): Uint8Array {
  const { rows, columns } = matrixSize(projections, "projections");
  if (columns !== 3) throw new DifftapError("USAGE_INVALID", `${columns} components: a colour has 3`);
  const colours = new Uint8Array(rows * 3);
  for (let channel = 0; channel < 3; channel++) {
    const values = Float64Array.from({ length: rows }, (_, row) => projections.data[row * 3 + channel]!);
    const sorted = values.slice().sort();
    const [low, high] = [quantile(sorted, CLIPPED), quantile(sorted, 1 - CLIPPED)];
    values.forEach((value, row) => {
      const share = high > low ? (value - low) / (high - low) : 0.5;
      colours[row * 3 + channel] = Math.round(255 * Math.min(1, Math.max(0, share)));
    });
  }
  return colours;
}
