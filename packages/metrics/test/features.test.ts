/** Neighbourhood purity, principal components, correspondence. */
import { type NdArray, ndarray, normals } from "@difftap/core";
import { describe, expect, test } from "vitest";
import {
  bestMatches,
  componentColours,
  correctKeypoints,
  neighbourhoodPurity,
  principalComponents,
  projectOnto,
} from "../src/index.js";

const draw = (index: number, count: number) =>
  Float64Array.from(normals({ seed: 4, stream: 1, index }, count));

describe("neighbourhood purity", () => {
  const bootstrap = { seed: 1, resamples: 200 };

  test("counts the neighbours of the own class, by hand", async () => {
    // Directions at 0, 10, 25, 90 and 95 degrees.
    const directions = [0, 10, 25, 90, 95].map((degrees) => (degrees * Math.PI) / 180);
    const features = ndarray(
      "float64",
      [5, 2],
      Float64Array.from(directions.flatMap((angle) => [3 * Math.cos(angle), 3 * Math.sin(angle)])),
    );
    const labels = Int32Array.of(0, 0, 1, 1, 0);
    // Neighbours: 0: 1 2, 1: 0 2, 2: 1 0, 3: 4 2, 4: 3 2.
    const { value, chance, n } = await neighbourhoodPurity({ features, labels, k: 2, bootstrap });
    expect(value).toBeCloseTo((1 / 2 + 1 / 2 + 0 + 1 / 2 + 0) / 5, 12);
    expect(chance).toBeCloseTo((3 * 2 + 2 * 1) / (5 * 4), 12);
    expect(n).toBe(5);
  });

  test("leaves a sample out of its own neighbours, also among equal ones", async () => {
    const features = ndarray("float32", [6, 2], new Float32Array(12).fill(1));
    const labels = Int32Array.of(0, 1, 2, 3, 4, 5);
    const { value } = await neighbourhoodPurity({ features, labels, k: 2, bootstrap });
    expect(value).toBe(0);
  });

  test("is chance on noise and 1 on classes far apart, within its interval", async () => {
    const labels = Int32Array.from({ length: 200 }, (_, i) => i % 4);
    const noise = draw(0, 200 * 8);
    const measured = (shift: number) =>
      neighbourhoodPurity({
        features: ndarray(
          "float64",
          [200, 8],
          noise.map((value, i) => value + (i % 8 === labels[Math.floor(i / 8)] ? shift : 0)),
        ),
        labels,
        k: 10,
        bootstrap,
      });
    expect((await measured(100)).value).toBe(1);
    const { interval, chance } = await measured(0);
    expect(interval[0]).toBeLessThan(chance);
    expect(interval[1]).toBeGreaterThan(chance);
  });

  test("refuses labels of other samples, and more neighbours than there are", async () => {
    const features = ndarray("float64", [4, 2], draw(1, 8));
    const labels = Int32Array.of(0, 0, 1, 1);
    await expect(
      neighbourhoodPurity({ features, labels: labels.subarray(1), k: 1, bootstrap }),
    ).rejects.toThrow(/4 rows, but 3 labels/);
    await expect(neighbourhoodPurity({ features, labels, k: 4, bootstrap })).rejects.toThrow(/k is 5 with 4/);
  });
});

describe("principal components", () => {
  const n = 50;
  /** Three directions of 7 dimensions, with deviations of about 5, 2 and 1, around a mean. */
  const scores = [5, 2, 1].map((scale, index) => draw(10 + index, n).map((value) => scale * value));
  const along = (row: number, column: number) => scores[column % 3]![row]! * (column < 3 ? 0.6 : 0.8);
  const features = ndarray(
    "float64",
    [n, 7],
    Float64Array.from({ length: 7 * n }, (_, i) => {
      const [row, column] = [Math.floor(i / 7), i % 7];
      return 100 + (column === 6 ? 0 : along(row, column));
    }),
  );

  test("are orthonormal eigenvectors of the covariance, the largest first", () => {
    const { components, explained, mean } = principalComponents(features, 3);
    const vector = (place: number) => Array.from(components.data.subarray(7 * place, 7 * (place + 1)));
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    for (const a of [0, 1, 2]) {
      for (const b of [0, 1, 2]) expect(dot(vector(a), vector(b))).toBeCloseTo(a === b ? 1 : 0, 10);
    }
    const centred = features.data.map((value, i) => value - mean[i % 7]!);
    const covariance = (u: number[]) =>
      u.map((_, column) => {
        let sum = 0;
        for (let row = 0; row < n; row++) {
          sum += centred[row * 7 + column]! * dot(Array.from(centred.subarray(row * 7, row * 7 + 7)), u);
        }
        return sum;
      });
    const total = centred.reduce((sum, value) => sum + value * value, 0);
    for (const place of [0, 1, 2]) {
      const image = covariance(vector(place));
      vector(place).forEach((value, column) => {
        expect(image[column]! / total).toBeCloseTo(explained[place]! * value, 10);
      });
      expect(Math.max(...vector(place))).toBe(Math.max(...vector(place).map(Math.abs)));
    }
    expect(explained[0]).toBeGreaterThan(explained[1]!);
    expect(explained.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 10);
  });

  test("give features back when these vary in no other direction", () => {
    const model = principalComponents(features, 3);
    const projected = projectOnto(model, features);
    expect(projected.shape).toEqual([n, 3]);
    features.data.forEach((value, i) => {
      const [row, column] = [Math.floor(i / 7), i % 7];
      const back = [0, 1, 2].reduce(
        (sum, k) => sum + projected.data[row * 3 + k]! * model.components.data[k * 7 + column]!,
        model.mean[column]!,
      );
      expect(back).toBeCloseTo(value, 9);
    });
  });

  test("are the same with fewer samples than dimensions", () => {
    const few = ndarray("float64", [12, 7], features.data.slice(0, 84));
    const wide = ndarray(
      "float64",
      [12, 20],
      Float64Array.from({ length: 240 }, (_, i) =>
        i % 20 < 7 ? few.data[Math.floor(i / 20) * 7 + (i % 20)]! : 3,
      ),
    );
    const [narrow, padded] = [principalComponents(few, 3), principalComponents(wide, 3)];
    for (const place of [0, 1, 2]) {
      expect(padded.explained[place]).toBeCloseTo(narrow.explained[place]!, 10);
      for (let column = 0; column < 7; column++) {
        expect(padded.components.data[20 * place + column]).toBeCloseTo(
          narrow.components.data[7 * place + column]!,
          8,
        );
      }
    }
  });

  test("become colours between their 1st and 99th percentile; what never varies is grey", () => {
    const projections = Float64Array.from({ length: 300 }, (_, i) => (i % 3 === 2 ? 8 : Math.floor(i / 3)));
    projections[0] = -1e9;
    const colours = componentColours(ndarray("float64", [100, 3], projections));
    expect(Array.from(colours.subarray(0, 3))).toEqual([0, 0, 128]);
    expect(Array.from(colours.subarray(297))).toEqual([255, 255, 128]);
    expect(colours[151]).toBe(Math.round((255 * (50 - 0.99)) / (98.01 - 0.99)));
  });

  test("refuse more of them than features vary in", () => {
    expect(() => principalComponents(features, 8)).toThrow(/8 components of features \[50, 7\]/);
    expect(() => principalComponents(features, 5)).toThrow(/vary in 3 directions, 5 were asked for/);
    const model = principalComponents(features, 2);
    expect(() => projectOnto(model, ndarray("float64", [2, 3]))).toThrow(/3 dimensions, components 7/);
    expect(() => componentColours(projectOnto(model, features))).toThrow(/2 components: a colour has 3/);
  });
});

describe("correspondence", () => {
  const size = { height: 40, width: 60 };
  /** [5, 4, 6], no two cells alike. */
  const map = ndarray("float64", [5, 4, 6], draw(20, 120));
  /** Cell (row, column) goes to (row + 1, column + 2), around the edges; larger by a half. */
  const moved = ndarray(
    "float64",
    [5, 4, 6],
    Float64Array.from({ length: 120 }, (_, i) => {
      const [channel, row, column] = [Math.floor(i / 24), Math.floor(i / 6) % 4, i % 6];
      return 1.5 * map.data[channel * 24 + ((row + 3) % 4) * 6 + ((column + 4) % 6)]!;
    }),
  );

  test("finds a moved cell again, at its middle, with similarity 1", () => {
    const [match] = bestMatches({ map, size }, { map: moved, size: { height: 80, width: 60 } }, [
      { x: 15, y: 5 },
    ]);
    expect(match!.x).toBeCloseTo(35, 10);
    expect(match!.y).toBeCloseTo(30, 10);
    expect(match!.similarity).toBeCloseTo(1, 10);
  });

  test("reads features of a point between the cells around it, edges held", () => {
    const ramp = ndarray("float32", [2, 1, 3], Float32Array.of(1, 0, -1, 0, 1, 0));
    const wide = { height: 10, width: 30 };
    const target: NdArray<"float32"> = ndarray("float32", [2, 1, 2], Float32Array.of(1, 1, 0, 1));
    const find = (x: number) =>
      bestMatches({ map: ramp, size: wide }, { map: target, size: wide }, [{ x, y: 9 }])[0]!;
    expect(find(10)).toEqual({ x: 22.5, y: 5, similarity: expect.closeTo(1, 6) });
    expect(find(0)).toEqual({ x: 7.5, y: 5, similarity: expect.closeTo(1, 6) });
    expect(find(12.5).similarity).toBeCloseTo(1 / Math.SQRT2 / Math.hypot(0.25, 0.75), 6);
  });

  test("refuses maps of other blocks and points outside", () => {
    const other = ndarray("float64", [4, 4, 6], draw(21, 96));
    expect(() => bestMatches({ map, size }, { map: other, size }, [])).toThrow(/5 channels, the second 4/);
    expect(() => bestMatches({ map, size }, { map, size }, [{ x: 61, y: 0 }])).toThrow(/outside 60 × 40/);
    const flat = ndarray("float64", [5, 24], map.data);
    expect(() => bestMatches({ map: flat, size }, { map, size }, [])).toThrow(/shape \[5, 24\]/);
    const broken = ndarray("float64", [5, 4, 6], map.data.slice().fill(Number.NaN, 7, 8));
    expect(() => bestMatches({ map, size }, { map: broken, size }, [])).toThrow(/second map has a value/);
  });

  test("keypoints within alpha of the longer side are correct, pairs being resampled", () => {
    const at = (x: number) => ({ x, y: 0 });
    const pairs = [
      { predicted: [at(6), at(7)], truth: [at(0), at(0)], size },
      { predicted: [at(1)], truth: [at(1)], size },
    ];
    const { value, interval, n } = correctKeypoints(pairs, { alpha: 0.1, seed: 1, resamples: 200 });
    expect(value).toBeCloseTo(2 / 3, 12);
    expect(n).toBe(3);
    expect(interval).toEqual([0.5, 1]);
    expect(correctKeypoints(pairs, { alpha: 0.2, seed: 1 }).value).toBe(1);
    expect(() => correctKeypoints([], { alpha: 0.1, seed: 1 })).toThrow(/no points/);
    expect(() =>
      correctKeypoints([{ predicted: [], truth: [at(0)], size }], { alpha: 0.1, seed: 1 }),
    ).toThrow(/pair 0 has 1 points and 0 predictions/);
  });
});
