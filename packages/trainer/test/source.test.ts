/** Batches that are read when they are needed: which, in which order, how far ahead. */
import { ndarray } from "@difftap/core";
import { describe, expect, test } from "vitest";
import { type LabelledBatch, memorySource, streamedSource } from "../src/index.js";

const samples = 10;
const x = ndarray(
  "float32",
  [samples, 2],
  Float32Array.from({ length: 2 * samples }, (_, i) => i / 4),
);
const labels = Int32Array.from({ length: samples }, (_, i) => i % 3);
const order = Uint32Array.of(7, 0, 3, 3, 9, 1, 4);

function batchOf(indices: Uint32Array): LabelledBatch {
  const rows = Array.from(indices, (index) => Array.from(x.data.subarray(2 * index, 2 * index + 2)));
  return {
    features: { x: ndarray("float32", [indices.length, 2], Float32Array.from(rows.flat())) },
    labels: Int32Array.from(indices, (index) => labels[index]!),
  };
}

async function all(batches: AsyncIterable<LabelledBatch>): Promise<LabelledBatch[]> {
  const found: LabelledBatch[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

describe("a streamed source", () => {
  test.each([1, 3, 7, 8])("gives the batches of one in memory, %d at a time", async (batch) => {
    const streamed = streamedSource(samples, async (indices) => batchOf(indices));
    expect(streamed.length).toBe(samples);
    const options = { batch, epoch: 0 };
    const expected = await all(memorySource({ x }, labels).batches(order, options));
    expect(await all(streamed.batches(order, options))).toEqual(expected);
  });

  test("reads one batch ahead, not more, and hands on what it was told", async () => {
    const read: number[][] = [];
    const signal = new AbortController().signal;
    const streamed = streamedSource(samples, async (indices, options) => {
      expect(options).toEqual({ epoch: 4, signal });
      read.push([...indices]);
      return batchOf(indices);
    });
    const batches = streamed.batches(order, { batch: 3, epoch: 4, signal })[Symbol.asyncIterator]();
    await batches.next();
    expect(read).toEqual([
      [7, 0, 3],
      [3, 9, 1],
    ]);
    await batches.next();
    expect(read.length).toBe(3);
    await batches.next();
    expect(await batches.next()).toEqual({ done: true, value: undefined });
    expect(read.length).toBe(3);
  });

  test("of no index is empty", async () => {
    const streamed = streamedSource(samples, async () => Promise.reject(new Error("read")));
    expect(await all(streamed.batches(new Uint32Array(0), { batch: 2, epoch: 0 }))).toEqual([]);
  });

  test("fails where a batch cannot be read, after those before it; a batch nobody waits for fails nobody", async () => {
    const streamed = streamedSource(samples, async (indices) => {
      if (indices.includes(9)) throw new Error("row 9");
      return batchOf(indices);
    });
    const batches = streamed.batches(order, { batch: 3, epoch: 0 })[Symbol.asyncIterator]();
    expect((await batches.next()).value.labels).toEqual(Int32Array.of(1, 0, 0));
    await expect(batches.next()).rejects.toThrow("row 9");
    for await (const _ of streamed.batches(order, { batch: 3, epoch: 0 })) break;
    await new Promise((resolve) => setImmediate(resolve));
  });
});
