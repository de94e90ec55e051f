/** Tensors that are views: strides, offsets, expansion. */
import { ndarray } from "@difftap/core";
import { describe, expect, it } from "vitest";
import { Tuple, type Value } from "./support/pickle-writer.js";
import { readAll, refusalOf, scratch } from "./support/scratch.js";
import { storage, tensor, torchLegacy, torchZip } from "./support/torch-writer.js";

const file = scratch();
const sixteen = ndarray(
  "float32",
  [4, 4],
  Float32Array.from({ length: 16 }, (_, i) => i + 0.5),
);

describe("views of one storage", () => {
  const view = (shape: number[], strides: number[], offset = 0): Value =>
    tensor(storage("0", "float32", 16, ...[]), shape, strides, offset);
  const views: [string, number[], number[], number, number[]][] = [
    ["transposed", [4, 4], [1, 4], 0, [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]],
    ["a row", [4], [1], 4, [4, 5, 6, 7]],
    ["a column", [4], [4], 2, [2, 6, 10, 14]],
    ["a block", [2, 2], [4, 1], 5, [5, 6, 9, 10]],
    ["expanded", [3, 2], [0, 1], 1, [1, 2, 1, 2, 1, 2]],
    ["overlapping", [3, 2], [1, 1], 0, [0, 1, 1, 2, 2, 3]],
    ["a scalar", [], [], 15, [15]],
    ["sides of one with any stride", [1, 4, 1], [99, 1, 7], 8, [8, 9, 10, 11]],
    ["empty", [0, 4], [4, 1], 0, []],
    ["empty with an endless side", [2 ** 40, 0], [0, 0], 0, []],
  ];
  it.each(views)("%s", async (name, shape, strides, offset, indices) => {
    const root = new Map<string, Value>([["v", view(shape, strides, offset)]]);
    const { v } = await readAll(file(`${name}.pt`, torchZip({ x: sixteen }, { root })));
    expect(v?.shape).toEqual(shape);
    expect([...(v?.data ?? [])]).toEqual(indices.map((i) => sixteen.data[i]));
  });

  it("reads views in the legacy format, whose storages may be views themselves", async () => {
    const inner = storage("0", "float32", 16, new Tuple("view", 8, 4));
    const root = new Map<string, Value>([
      ["whole", tensor(storage("0", "float32", 16, null), [4, 4])],
      ["inner", tensor(inner, [2], [2], 1)],
    ]);
    const { whole, inner: read } = await readAll(file("views.pt", torchLegacy({ x: sixteen }, root)));
    expect([...(whole?.data ?? [])]).toEqual([...sixteen.data]);
    expect([...(read?.data ?? [])]).toEqual([9.5, 11.5]);
  });

  it.each([
    ["an offset beyond the storage", [4], [1], 13],
    ["a stride beyond the storage", [4, 4], [5, 1], 0],
    ["a huge stride", [2], [2 ** 53 - 1], 0],
    ["more dimensions than strides", [4, 4], [4], 0],
  ])("refuses %s", async (name, shape, strides, offset) => {
    const root = new Map<string, Value>([["v", view(shape, strides, offset)]]);
    const error = await refusalOf(file(`${name}.pt`, torchZip({ x: sixteen }, { root })));
    expect(error?.code).toBe("CHECKPOINT_REFUSED");
    expect(error?.message).toContain(`tensor [${shape.join(", ")}]`);
  });

  it.each([
    ["a gigabyte out of four bytes", [2 ** 28], [0]],
    ["more than 2^53 elements", [2 ** 40, 2 ** 40], [0, 0]],
    ["a square of overlapping rows", [2 ** 14, 2 ** 13], [0, 0]],
  ])("refuses %s", async (name, shape, strides) => {
    const root = new Map<string, Value>([["v", view(shape, strides)]]);
    const error = await refusalOf(file(`${name}.pt`, torchZip({ x: sixteen }, { root })));
    expect(error?.message).toMatch(/the limit is 67108864|too large to count/);
  });
});
