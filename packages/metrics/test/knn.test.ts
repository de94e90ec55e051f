import { type NdArray, ndarray, normals } from "@difftap/core";
import { describe, expect, test } from "vitest";
import { castVotes, knn, nearestNeighbours } from "../src/index.js";

const random = (rows: number, columns: number, seed: number) =>
  ndarray("float32", [rows, columns], normals({ seed, stream: 1 }, rows * columns));

/** Every similarity in float64, sorted: what the chunked search has to agree with. */
function exhaustive(train: NdArray<"float32">, test: NdArray<"float32">, k: number): number[][] {
  const columns = train.shape[1]!;
  const row = ({ data }: NdArray<"float32">, i: number) =>
    Array.from(data.subarray(i * columns, (i + 1) * columns));
  return Array.from({ length: test.shape[0]! }, (_, q) => {
    const query = row(test, q);
    const similarities = Array.from({ length: train.shape[0]! }, (_, i) => {
      const other = row(train, i);
      const product = other.reduce((sum, each, c) => sum + each * query[c]!, 0);
      return { i, similarity: product / Math.hypot(...other) / Math.hypot(...query) };
    });
    return similarities
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, k)
      .map(({ i }) => i);
  });
}

describe("nearest neighbours", () => {
  const train = random(301, 12, 1);
  const queries = random(150, 12, 2);

  test.each([7, 100, 301, 8192])("are the exhaustive ones, bank in chunks of %i", async (chunk) => {
    const found = await nearestNeighbours({ train, test: queries, k: 9, chunk });
    expect(Array.from(found.indices)).toEqual(exhaustive(train, queries, 9).flat());
  });

  test.each([2, 3, 100])("of equal ones the lower row comes first, chunks of %i", async (chunk) => {
    const same = ndarray("float32", [6, 2], Float32Array.of(0, 1, 1, 0, 2, 0, 0, 3, 1, 0, 0, 1));
    const query = ndarray("float32", [1, 2], Float32Array.of(5, 0));
    const found = await nearestNeighbours({ train: same, test: query, k: 6, chunk });
    expect(Array.from(found.indices)).toEqual([1, 2, 4, 0, 3, 5]);
    expect(Array.from(found.similarities)).toEqual([1, 1, 1, 0, 0, 0]);
  });

  test("a row of zeros is similar to nothing", async () => {
    const bank = ndarray("float32", [2, 2], Float32Array.of(0, 0, -1, 0));
    const query = ndarray("float32", [1, 2], Float32Array.of(1, 0));
    const found = await nearestNeighbours({ train: bank, test: query, k: 2 });
    expect(Array.from(found.similarities)).toEqual([0, -1]);
  });

  test("reports and stops when told to", async () => {
    const controller = new AbortController();
    const searching = nearestNeighbours({
      train,
      test: random(500, 12, 3),
      k: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(searching).rejects.toMatchObject({ code: "INTERRUPTED" });
  });
});

describe("votes", () => {
  const neighbours = {
    k: 3,
    indices: Int32Array.of(0, 1, 2),
    similarities: Float32Array.of(0.9, 0.5, 0.5),
  };
  const trainLabels = Int32Array.of(0, 1, 1);

  test("weighted: the closest one decides", () => {
    const { votes, predictions } = castVotes(neighbours, 3, { trainLabels, classes: 2, temperature: 0.1 });
    expect(predictions).toEqual(Int32Array.of(0));
    expect(votes.data[0]! / votes.data[1]!).toBeCloseTo(Math.exp(4) / 2, 4);
  });

  test("plain: the many decide, and of equal counts the lower class", () => {
    const plain = { trainLabels, classes: 2, temperature: "plain" } as const;
    expect(castVotes(neighbours, 3, plain).predictions).toEqual(Int32Array.of(1));
    expect(castVotes(neighbours, 2, plain).predictions).toEqual(Int32Array.of(0));
  });

  test("a small temperature stays finite", () => {
    const { votes } = castVotes(neighbours, 3, { trainLabels, classes: 2, temperature: 1e-3 });
    expect(Array.from(votes.data).every(Number.isFinite)).toBe(true);
  });
});

describe("refused", () => {
  const train = random(10, 4, 1);
  const trainLabels = Int32Array.from({ length: 10 }, (_, i) => i % 2);
  const ask = (changed: object) => knn({ train, test: train, trainLabels, classes: 2, k: 3, ...changed });

  test.each([
    ["k above n", { k: 11 }, "USAGE_INVALID", /k is 11 with 10 training samples/],
    ["k of 0", { k: 0 }, "USAGE_INVALID", /k is 0/],
    [
      "labels of another length",
      { trainLabels: trainLabels.slice(2) },
      "LABELS_MISMATCH",
      /10 rows, but 8 labels/,
    ],
    [
      "a label out of range",
      { trainLabels: trainLabels.map((l) => l + 1) },
      "LABELS_MISMATCH",
      /label 2 of sample 1/,
    ],
    ["other dimensions", { test: random(2, 5, 1) }, "USAGE_INVALID", /5 dimensions, training features 4/],
    ["a temperature of 0", { temperature: 0 }, "USAGE_INVALID", /temperature is 0/],
    [
      "NaN",
      { test: ndarray("float32", [1, 4], Float32Array.of(0, 1, Number.NaN, 0)) },
      "NUMERIC",
      /row 0, column 2/,
    ],
  ])("%s", async (_, changed, code, message) => {
    const error = await ask(changed).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(error).toHaveProperty("message", expect.stringMatching(message));
  });
});
