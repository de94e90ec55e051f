import { ndarray, normals } from "@difftap/core";
import { describe, expect, test } from "vitest";
import { frechetDistance, kernelDistance } from "../dist/index.js";
import { fixturesMissing, readExpected, readFloat64 } from "./fixtures.js";

const draw = (index: number, rows: number, columns: number, change = (value: number) => value) =>
  ndarray(
    "float64",
    [rows, columns],
    Float64Array.from(normals({ seed: 5, stream: 1, index }, rows * columns), change),
  );

const title = fixturesMissing
  ? "reference figures (skipped: no fixtures beside the repository)"
  : "reference figures";

describe.skipIf(fixturesMissing)(title, () => {
  test("Fréchet distance and kernel distance to 1e-6", () => {
    const [a, b] = [readFloat64("distance.A"), readFloat64("distance.B")];
    const { frechet, kernel_distance_cubic: kernel } = readExpected();
    const errors = [frechetDistance(a, b).value / frechet - 1, kernelDistance(a, b).value / kernel - 1];
    if (process.env.DIFFTAP_FIGURES) process.stdout.write(`distances: ${errors.join(", ")}\n`);
    for (const error of errors) expect(Math.abs(error)).toBeLessThan(1e-6);
  });
});

describe("Fréchet distance", () => {
  test("of diagonal Gaussians is (μ₁ − μ₂)² + (σ₁ − σ₂)² per dimension, from the samples' own moments", () => {
    const moments = (values: Float64Array) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
    };
    const a = draw(0, 40, 1);
    const b = draw(1, 50, 1, (value) => 3 * value + 2);
    const [first, second] = [moments(a.data), moments(b.data)];
    const wanted = (first.mean - second.mean) ** 2 + (first.deviation - second.deviation) ** 2;
    expect(frechetDistance(a, b).value).toBeCloseTo(wanted, 10);
  });

  test("is 0 between a set and itself, and |shift|² between a set and itself shifted", () => {
    const a = draw(2, 60, 6);
    const shifted = ndarray(
      "float64",
      a.shape,
      a.data.map((value) => value + 0.5),
    );
    expect(frechetDistance(a, a).value).toBeLessThan(1e-9);
    expect(frechetDistance(a, shifted).value).toBeCloseTo(6 * 0.25, 9);
  });

  test("is the same with more dimensions than samples as with the dimensions that hold nothing left out", () => {
    const [a, b] = [draw(3, 12, 4), draw(4, 15, 4, (value) => 2 * value)];
    const padded = ({ shape, data }: typeof a) => {
      const wide = new Float64Array(shape[0]! * 40);
      data.forEach((value, i) => {
        wide[Math.floor(i / 4) * 40 + 7 * (i % 4)] = value;
      });
      return ndarray("float64", [shape[0]!, 40], wide);
    };
    const narrow = frechetDistance(a, b);
    const wide = frechetDistance(padded(a), padded(b));
    expect(wide.value).toBeCloseTo(narrow.value, 6);
    expect(wide.interval[1]).toBeCloseTo(narrow.interval[1], 6);
    expect(frechetDistance(padded(b), padded(a)).value).toBeCloseTo(narrow.value, 6);
  });

  test("has an interval that holds it, starts at 0 at the lowest, and narrows with n", () => {
    const widthOf = (rows: number) => {
      const { value, interval, n } = frechetDistance(
        draw(5, rows, 3),
        draw(6, rows, 3, (v) => v + 1),
      );
      expect(n).toEqual([rows, rows]);
      expect(interval[0]).toBeLessThanOrEqual(value);
      expect(interval[0]).toBeGreaterThanOrEqual(0);
      return interval[1] - interval[0];
    };
    expect(widthOf(2000)).toBeLessThan(widthOf(100));
  });
});

describe("kernel distance", () => {
  /** The definition, term by term. */
  function direct(a: ReturnType<typeof draw>, b: ReturnType<typeof draw>, keep: (row: number) => boolean) {
    const rowsOf = ({ shape, data }: typeof a) =>
      Array.from({ length: shape[0]! }, (_, row) =>
        data.slice(row * shape[1]!, (row + 1) * shape[1]!),
      ).filter((_, row) => keep(row));
    const [x, y] = [rowsOf(a), rowsOf(b)];
    const k = (u: Float64Array, v: Float64Array) =>
      (u.reduce((sum, value, i) => sum + value * v[i]!, 0) / u.length + 1) ** 3;
    const meanOf = (left: Float64Array[], right: Float64Array[]) => {
      const terms = left.flatMap((u) => right.filter((v) => v !== u).map((v) => k(u, v)));
      return terms.reduce((sum, term) => sum + term, 0) / terms.length;
    };
    return meanOf(x, x) + meanOf(y, y) - 2 * meanOf(x, y);
  }

  const [a, b] = [draw(7, 23, 3), draw(8, 31, 3, (value) => value + 0.4)];

  test("equals its definition", () => {
    expect(kernelDistance(a, b).value).toBeCloseTo(
      direct(a, b, () => true),
      10,
    );
  });

  test("has the interval of the groups left out one by one", () => {
    const leftOut = Array.from({ length: 10 }, (_, group) => direct(a, b, (row) => row % 10 !== group));
    const mean = leftOut.reduce((sum, value) => sum + value, 0) / 10;
    const error = Math.sqrt(0.9 * leftOut.reduce((sum, value) => sum + (value - mean) ** 2, 0));
    const { value, interval } = kernelDistance(a, b);
    expect(interval[1] - value).toBeCloseTo(2.262 * error, 9);
    expect(value - interval[0]).toBeCloseTo(2.262 * error, 9);
  });

  test("intervals hold the true value in about 95 of 100 cases", () => {
    // k(x, y) = (xy + 1)³ in one dimension; x ~ N(0, 1), y ~ N(1, 1): moments 0, 1, 0 and 1, 2, 4.
    const product = (p: number[], q: number[]) => 3 * p[0]! * q[0]! + 3 * p[1]! * q[1]! + p[2]! * q[2]!;
    const [x, y] = [
      [0, 1, 0],
      [1, 2, 4],
    ];
    const truth = product(x!, x!) + product(y!, y!) - 2 * product(x!, y!);
    const held = Array.from({ length: 200 }, (_, trial) => {
      const { interval } = kernelDistance(
        draw(100 + trial, 150, 1),
        draw(400 + trial, 150, 1, (value) => value + 1),
      );
      return interval[0] <= truth && truth <= interval[1];
    }).filter(Boolean).length;
    if (process.env.DIFFTAP_FIGURES)
      process.stdout.write(`jackknife: ${held} of 200 intervals hold the truth\n`);
    expect(held).toBeGreaterThan(175);
    expect(held).toBeLessThan(200);
  });
});

test.each([frechetDistance, kernelDistance])("$name refuses what cannot be compared", (distance) => {
  expect(() => distance(draw(0, 5, 3), draw(1, 5, 4))).toThrow(/3 values a sample, the second 4/);
  expect(() => distance(draw(0, 2, 3), draw(1, 5, 3))).toThrow(/the first set has 2 samples, 3 are needed/);
  const broken = draw(0, 5, 3);
  broken.data[4] = Number.NaN;
  expect(() => distance(draw(1, 5, 3), broken)).toThrow(/row 1, column 1 is NaN/);
});
