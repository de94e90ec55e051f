/**
 * Fréchet distance of two sets of features, each taken for a Gaussian (FID when they are Inception's).
 *
 * ```ts
 * import { frechetDistance } from "@difftap/metrics";
 *
 * const { value, interval } = frechetDistance(featuresOfSamples, featuresOfImages);
 * ```
 *
 * Source: Heusel et al. 2017 (arXiv 1706.08500), equation 6.
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { Matrix as Features } from "../inputs.js";
import type { Distance } from "./distance.js";
import { jackknifeInterval } from "./jackknife.js";
import { comparableSets, type Rows, withoutGroup } from "./rows.js";

/**
 * |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½), covariances with n − 1. It falls with the number of samples: compare only figures of
 * equal n.
 * @param first [n, d]
 * @param second [m, d]
 * @throws DifftapError as `comparableSets` does.
 */
export function frechetDistance(first: Features, second: Features): Distance {
  const { a, b, groups } = comparableSets(first, second);
  const value = distanceOf(a, b);
  const leftOut = Array.from({ length: groups }, (_, group) =>
    distanceOf(withoutGroup(a, group, groups), withoutGroup(b, group, groups)),
  );
  const [low, high] = jackknifeInterval(value, leftOut);
  return { value, interval: [Math.max(0, low), high], n: [a.rows, b.rows] };
}

/** Rounding may lead just below 0 where the sets are equal. */
function distanceOf(a: Rows, b: Rows): number {
  const [first, second] = [centred(a), centred(b)];
  const between = first.mean.reduce((sum, value, i) => sum + (value - second.mean[i]!) ** 2, 0);
  const spread = squares(first.factor) + squares(second.factor);
  return Math.max(0, between + spread - 2 * traceOfRoot(first.factor, second.factor));
}

interface Centred {
  readonly mean: Float64Array;
  /** A with AᵀA = Σ: the centred rows over √(n − 1). */
  readonly factor: Matrix;
}

function centred({ data, rows, columns }: Rows): Centred {
  const mean = new Float64Array(columns);
  for (let i = 0; i < data.length; i++) mean[i % columns]! += data[i]! / rows;
  const scale = 1 / Math.sqrt(rows - 1);
  const values = data.map((value, i) => scale * (value - mean[i % columns]!));
  return { mean, factor: Matrix.from1DArray(rows, columns, values) };
}

/** tr Σ = |A|². */
const squares = (factor: Matrix) => factor.norm("frobenius") ** 2;

/**
 * tr (Σ₁Σ₂)^½, the sum of the singular values of A·Bᵀ for any A and B with AᵀA = Σ₁ and BᵀB = Σ₂: the roots of eigenvalues of a
 * symmetric matrix, which has no more rows than there are samples or dimensions.
 */
function traceOfRoot(a: Matrix, b: Matrix): number {
  const product = fewestRows(a).mmul(fewestRows(b).transpose());
  const wide = product.rows <= product.columns;
  const gram = wide ? product.mmul(product.transpose()) : product.transpose().mmul(product);
  return eigenvaluesOf(gram).realEigenvalues.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
}

/** The factor itself, or where it has more rows than columns the symmetric root of its covariance. */
function fewestRows(factor: Matrix): Matrix {
  if (factor.rows <= factor.columns) return factor;
  const { realEigenvalues, eigenvectorMatrix } = eigenvaluesOf(factor.transpose().mmul(factor));
  const roots = realEigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  return Matrix.diag(roots).mmul(eigenvectorMatrix.transpose());
}

const eigenvaluesOf = (symmetric: Matrix) =>
  new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
