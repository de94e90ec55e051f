import { describe, expect, test } from "vitest";
import { choleskyFactor, solveFactored } from "../src/probe/cholesky.js";
import { minimize } from "../src/probe/lbfgs.js";

const options = { tolerance: 1e-8, maxIterations: 2000 };

describe("L-BFGS", () => {
  test("reaches Rosenbrock's minimum, which is not convex on the way", async () => {
    const found = await minimize(
      async ([x, y], gradient) => {
        gradient[0] = -2 * (1 - x!) - 400 * x! * (y! - x! * x!);
        gradient[1] = 200 * (y! - x! * x!);
        return (1 - x!) ** 2 + 100 * (y! - x! * x!) ** 2;
      },
      Float64Array.of(-1.2, 1),
      options,
    );
    expect(found.ended).toBe("converged");
    expect(found.point[0]).toBeCloseTo(1, 7);
    expect(found.point[1]).toBeCloseTo(1, 7);
    expect(found.iterations).toBeLessThan(60);
  });

  /** Σ cᵢ·xᵢ²/2 − xᵢ with curvatures over four decades. */
  const curvatures = Float64Array.from({ length: 40 }, (_, i) => 10 ** ((4 * i) / 39 - 2));
  const quadratic = async (point: Float64Array, gradient: Float64Array) => {
    let value = 0;
    point.forEach((x, i) => {
      gradient[i] = curvatures[i]! * x - 1;
      value += (curvatures[i]! * x * x) / 2 - x;
    });
    return value;
  };

  test("solves a quadratic of condition number 1e4", async () => {
    const found = await minimize(quadratic, new Float64Array(40), options);
    expect(found.ended).toBe("converged");
    const worst = Math.max(...found.point.map((x, i) => Math.abs(x * curvatures[i]! - 1)));
    expect(worst).toBeLessThan(1e-8);
  });

  test("takes a few steps with the exact preconditioner", async () => {
    const precondition = (vector: Float64Array) => {
      for (let i = 0; i < vector.length; i++) vector[i]! /= curvatures[i]!;
    };
    const found = await minimize(quadratic, new Float64Array(40), { ...options, precondition });
    expect(found.iterations).toBeLessThan(4);
  });

  test("ends as stalled where rounding hides the gradient", async () => {
    const rounded = async (point: Float64Array, gradient: Float64Array) => {
      gradient[0] = 1e-3;
      return 1 + 0 * point[0]!;
    };
    const found = await minimize(rounded, new Float64Array(1), options);
    expect(found.ended).toBe("stalled");
    expect(found.gradientNorm).toBeCloseTo(1e-3, 12);
  });

  test("steps back from where the function is infinite", async () => {
    const barrier = async ([x]: Float64Array, gradient: Float64Array) => {
      gradient[0] = 1 - 1 / x!;
      return x! > 0 ? x! - Math.log(x!) : Number.NaN;
    };
    const found = await minimize(barrier, Float64Array.of(3), options);
    expect(found.point[0]).toBeCloseTo(1, 7);
  });
});

describe("Cholesky", () => {
  const matrix = Float64Array.of(4, 2, 1, 2, 5, 3, 1, 3, 6);

  test("divides rows by the matrix", () => {
    const rows = Float64Array.of(1, -2, 3, 0.5, 0, -1);
    const products = Float64Array.from(rows, (_, at) => {
      const [row, column] = [Math.floor(at / 3), at % 3];
      return [0, 1, 2].reduce((sum, k) => sum + rows[row * 3 + k]! * matrix[k * 3 + column]!, 0);
    });
    solveFactored(choleskyFactor(matrix, 3)!, 3, products);
    rows.forEach((each, at) => {
      expect(products[at]).toBeCloseTo(each, 14);
    });
  });

  test("adds a ridge to the diagonal", () => {
    const factor = choleskyFactor(Float64Array.of(1, 2, 2, 1), 2, 3)!;
    const expected = [2, 0, 1, Math.sqrt(3)];
    for (let i = 0; i < 4; i++) expect(factor[i]).toBeCloseTo(expected[i]!, 14);
  });

  test("says when the matrix is not positive definite", () => {
    expect(choleskyFactor(Float64Array.of(1, 2, 2, 1), 2)).toBeUndefined();
  });
});
