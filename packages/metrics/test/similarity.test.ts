import { type NdArray, ndarray, normals } from "@difftap/core";
import { Matrix } from "ml-matrix";
import { describe, expect, test } from "vitest";
import {
  alignment,
  ckaMatrix,
  intraclassCorrelation,
  linearCka,
  minibatchCka,
  unbiasedCka,
  uniformity,
} from "../src/index.js";
import { fixturesMissing, readExpected, readFloat64 } from "./fixtures.js";

type Features = NdArray<"float64">;

const draw = (index: number, rows: number, columns: number): Features =>
  ndarray(
    "float64",
    [rows, columns],
    Float64Array.from(normals({ seed: 9, stream: 1, index }, rows * columns)),
  );

/** a + share · b. */
const blend = (a: Features, b: Features, share: number): Features =>
  ndarray(
    "float64",
    a.shape,
    a.data.map((value, i) => value + share * b.data[i]!),
  );

const rowsOf = ({ shape, data }: Features, keep = (_row: number) => true): number[][] =>
  Array.from({ length: shape[0]! }, (_, row) =>
    Array.from(data.slice(row * shape[1]!, (row + 1) * shape[1]!)),
  ).filter((_, row) => keep(row));

const kept = (features: Features, keep: (row: number) => boolean): Features => {
  const rows = rowsOf(features, keep);
  return ndarray("float64", [rows.length, features.shape[1]!], Float64Array.from(rows.flat()));
};

const trace = (matrix: Matrix) => matrix.diagonal().reduce((sum, value) => sum + value, 0);

/** tr(KHLH)/(n − 1)², with matrices. */
function biasedHsic(x: Features, y: Features): number {
  const n = x.shape[0]!;
  const centring = Matrix.sub(Matrix.eye(n), Matrix.ones(n, n).div(n));
  const gram = (features: Features) => {
    const rows = new Matrix(rowsOf(features));
    return rows.mmul(rows.transpose());
  };
  return trace(gram(x).mmul(centring).mmul(gram(y)).mmul(centring)) / (n - 1) ** 2;
}

/** Song et al. 2012, equation 5, with matrices. */
function unbiasedHsic(x: Features, y: Features): number {
  const n = x.shape[0]!;
  const hollow = (features: Features) => {
    const rows = new Matrix(rowsOf(features));
    const gram = rows.mmul(rows.transpose());
    for (let i = 0; i < n; i++) gram.set(i, i, 0);
    return gram;
  };
  const [k, l] = [hollow(x), hollow(y)];
  const both = k.mmul(l);
  const rest = (k.sum() * l.sum()) / ((n - 1) * (n - 2)) - (2 * both.sum()) / (n - 2);
  return (trace(both) + rest) / (n * (n - 3));
}

type Hsic = typeof biasedHsic;
const ckaOf = (hsic: Hsic, x: Features, y: Features) => hsic(x, y) / Math.sqrt(hsic(x, x) * hsic(y, y));

const title = fixturesMissing
  ? "reference figures (skipped: no fixtures beside the repository)"
  : "reference figures";

test.skipIf(fixturesMissing)(title, () => {
  const { cka } = readExpected();
  const [x, y, z] = [readFloat64("cka.X"), readFloat64("cka.Y"), readFloat64("cka.Z")];
  const errors = [
    linearCka(x, y).value / cka.linear_XY - 1,
    linearCka(x, z).value / cka.linear_XZ - 1,
    unbiasedCka(x, y).value / cka.unbiased_XY - 1,
    unbiasedCka(x, z).value / cka.unbiased_XZ - 1,
  ].map(Math.abs);
  if (process.env.DIFFTAP_FIGURES) process.stdout.write(`CKA: relative errors ${errors.join(", ")}\n`);
  expect(Math.max(...errors)).toBeLessThan(1e-6);
});

describe.each([
  ["linear", linearCka, biasedHsic],
  ["unbiased", unbiasedCka, unbiasedHsic],
] as const)("%s CKA", (_, cka, hsic) => {
  const x = draw(0, 23, 6);
  const y = blend(draw(1, 23, 6), x, 1.5);

  test("is that of Gram matrices, with the interval of the groups left out one by one", () => {
    const { value, interval, n } = cka(x, y);
    expect(n).toBe(23);
    expect(value).toBeCloseTo(ckaOf(hsic, x, y), 12);
    const leftOut = Array.from({ length: 10 }, (_, group) => {
      const keep = (row: number) => row % 10 !== group;
      return ckaOf(hsic, kept(x, keep), kept(y, keep));
    });
    const mean = leftOut.reduce((sum, each) => sum + each, 0) / 10;
    const error = Math.sqrt(0.9 * leftOut.reduce((sum, each) => sum + (each - mean) ** 2, 0));
    expect(interval[1] - value).toBeCloseTo(2.262 * error, 10);
    expect(value - interval[0]).toBeCloseTo(2.262 * error, 10);
  });

  test("does not change with order, rotation, scale and place", () => {
    const { value } = cka(x, y);
    const turned = y.data.map((_, i) => {
      const [row, column] = [i - (i % 6), i % 6];
      const [one, other] = [y.data[row + column]!, y.data[row + ((column + 3) % 6)]!];
      return 1000 + 7 * (column < 3 ? 0.6 * one - 0.8 * other : 0.6 * one + 0.8 * other);
    });
    expect(cka(x, ndarray("float64", y.shape, turned)).value).toBeCloseTo(value, 9);
    expect(cka(y, x).value).toBeCloseTo(value, 12);
    expect(cka(x, x).value).toBeCloseTo(1, 12);
  });

  test("refuses other samples, too few of them and features that never vary", () => {
    expect(() => cka(x, draw(2, 22, 6))).toThrow(/representation 0 has 23 samples, representation 1 has 22/);
    expect(() => cka(draw(3, 4, 2), draw(4, 4, 2))).toThrow(/4 samples, 5 are needed/);
    const constant = ndarray("float64", [23, 2], new Float64Array(46).fill(3));
    expect(() => cka(x, constant)).toThrow(/representation 1 is the same for all samples/);
  });
});

test.each([
  ["linear", linearCka],
  ["unbiased", unbiasedCka],
] as const)("a matrix of %s CKA holds what pairs give", (estimator, cka) => {
  const x = draw(0, 23, 6);
  const all = [x, blend(draw(1, 23, 6), x, 1.5), draw(2, 23, 9)];
  const matrix = ckaMatrix(all, estimator);
  expect(matrix).toHaveLength(3);
  for (const [a, row] of matrix.entries()) {
    for (const [b, { value, interval, n }] of row.entries()) {
      const pair = cka(all[a]!, all[b]!);
      expect(value).toBeCloseTo(pair.value, 12);
      expect(interval[0]).toBeCloseTo(pair.interval[0], 10);
      expect([n, row.length]).toEqual([23, 3]);
    }
  }
});

describe("intraclass correlation", () => {
  const column = (...values: number[]): Features =>
    ndarray("float64", [values.length, 1], Float64Array.from(values));

  test("is by hand what Shrout and Fleiss say, and 1 for equal draws", () => {
    // Means 1, 3, 5 around 3: 2·8/2 = 8 between; half of 4, 0, 4 over 3: 4/3 within.
    const { value, n } = intraclassCorrelation(column(0, 3, 6), column(2, 3, 4));
    expect(value).toBeCloseTo((8 - 4 / 3) / (8 + 4 / 3), 12);
    expect(n).toBe(3);
    const same = intraclassCorrelation(draw(3, 20, 4), draw(3, 20, 4));
    expect([same.value, ...same.interval]).toEqual([1, 1, 1]);
  });

  test("falls to nothing for draws that have nothing in common, within its interval", () => {
    const { value, interval } = intraclassCorrelation(draw(3, 400, 6), draw(4, 400, 6));
    expect(Math.abs(value)).toBeLessThan(0.1);
    expect(interval[0]).toBeLessThan(0);
    expect(interval[1]).toBeGreaterThan(0);
    const x = draw(3, 400, 6);
    const shared = intraclassCorrelation(blend(draw(4, 400, 6), x, 1), blend(draw(5, 400, 6), x, 1));
    expect(shared.interval[0]).toBeLessThan(0.5);
    expect(shared.interval[1]).toBeGreaterThan(0.5);
  });

  test("refuses other images, and features that never vary", () => {
    expect(() => intraclassCorrelation(column(1, 2, 3), column(1, 2, 3, 4))).toThrow(/\[3, 1\] and \[4, 1\]/);
    expect(() => intraclassCorrelation(column(1, 1, 1), column(1, 1, 1))).toThrow(/the same for all images/);
  });
});

describe("minibatch CKA", () => {
  const n = 240;
  const x = draw(5, n, 8);
  const representations = [x, blend(draw(6, n, 8), x, 1), draw(7, n, 8)];
  const batchesOf = (size: number) =>
    Array.from({ length: n / size }, (_, batch) =>
      representations.map((each) => kept(each, (row) => Math.floor(row / size) === batch)),
    );
  const similaritiesOf = (size: number) => {
    const cka = minibatchCka();
    for (const batch of batchesOf(size)) cka.add(batch);
    return cka.similarities();
  };

  test("averages the unbiased HSICs of its batches before it divides", () => {
    const batches = batchesOf(24);
    const mean = (a: number, b: number) =>
      batches.reduce((sum, batch) => sum + unbiasedHsic(batch[a]!, batch[b]!), 0) / batches.length;
    const found = similaritiesOf(24);
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [2, 0],
      [1, 1],
    ] as const) {
      expect(found[a]![b]!.value).toBeCloseTo(mean(a, b) / Math.sqrt(mean(a, a) * mean(b, b)), 12);
    }
    expect(found[0]![1]!.n).toBe(n);
  });

  test("comes to the figure of all samples, whatever the batches, within its interval", () => {
    const whole = unbiasedCka(representations[0]!, representations[1]!).value;
    for (const size of [12, 24, 60]) {
      const { interval } = similaritiesOf(size)[0]![1]!;
      expect(interval[0]).toBeLessThan(whole);
      expect(interval[1]).toBeGreaterThan(whole);
    }
  });

  test("refuses batches of three, other numbers of representations, and one batch alone", () => {
    const cka = minibatchCka();
    expect(() => cka.add([draw(0, 3, 2), draw(1, 3, 2)])).toThrow(/3 samples, 4 are needed/);
    cka.add([draw(0, 6, 2), draw(1, 6, 2)]);
    expect(() => cka.add([draw(0, 6, 2)])).toThrow(/1 representations, 2 before/);
    expect(() => cka.similarities()).toThrow(/1 batches: an interval needs two/);
  });
});

describe("on the unit sphere", () => {
  const unit = (row: number[]) => row.map((value) => value / Math.hypot(...row));
  const apart = (a: number[], b: number[]) => Math.hypot(...a.map((value, i) => value - b[i]!));
  const [first, noise] = [draw(8, 30, 5), draw(9, 30, 5)];
  const second = blend(first, noise, 0.3);

  test.each([1, 2])("alignment to the power %i is the mean over pairs, within its interval", (alpha) => {
    const [a, b] = [rowsOf(first).map(unit), rowsOf(second).map(unit)];
    const expected = a.reduce((sum, row, i) => sum + apart(row, b[i]!) ** alpha, 0) / 30;
    const { value, interval, n } = alignment(first, second, { seed: 1, alpha });
    expect(value).toBeCloseTo(expected, 12);
    expect(n).toBe(30);
    expect(interval[0]).toBeLessThan(value);
    expect(interval[1]).toBeGreaterThan(value);
    expect(alignment(first, first, { seed: 1 }).value).toBe(0);
  });

  test("uniformity is the logarithm of the mean potential, with the interval of groups left out", () => {
    const naive = (features: Features) => {
      const rows = rowsOf(features).map(unit);
      const terms = rows.flatMap((a, i) => rows.slice(0, i).map((b) => Math.exp(-2 * apart(a, b) ** 2)));
      return Math.log(terms.reduce((sum, term) => sum + term, 0) / terms.length);
    };
    const { value, interval } = uniformity(first);
    expect(value).toBeCloseTo(naive(first), 12);
    const leftOut = Array.from({ length: 10 }, (_, group) => naive(kept(first, (row) => row % 10 !== group)));
    const mean = leftOut.reduce((sum, each) => sum + each, 0) / 10;
    const error = Math.sqrt(0.9 * leftOut.reduce((sum, each) => sum + (each - mean) ** 2, 0));
    expect(interval[1] - value).toBeCloseTo(2.262 * error, 10);
    const together = ndarray("float64", [6, 2], new Float64Array(12).fill(4));
    expect(uniformity(together).value).toBeCloseTo(0, 12);
  });

  test("a row of zeros has no direction, and views have to belong together", () => {
    const broken = draw(8, 30, 5);
    broken.data.fill(0, 10, 15);
    expect(() => uniformity(broken)).toThrow(/features: row 2 has no direction/);
    expect(() => alignment(first, draw(8, 29, 5), { seed: 1 })).toThrow(/shapes \[30, 5\] and \[29, 5\]/);
  });
});
