import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { assembleChunks, extractFeatures, type FeatureBatch, rowsOfChunks } from "../src/index.js";
import { fakeLoader, fakeNetwork, request, rowsOf } from "./fakes.js";

const grid = { chunkSamples: 8, samples: 23 };
const batches = (network = fakeNetwork(), chunks = [0, 1, 2]) =>
  extractFeatures(network.runtime, fakeLoader(), request, { batch: 4, rows: rowsOfChunks(chunks, grid) });

describe("rowsOfChunks", () => {
  it("joins neighbours and cuts the last chunk off at the end", () => {
    expect(rowsOfChunks([0, 1, 2], grid)).toEqual([{ start: 0, count: 23 }]);
    expect(rowsOfChunks([2, 0], grid)).toEqual([
      { start: 0, count: 8 },
      { start: 16, count: 7 },
    ]);
    expect(rowsOfChunks([], grid)).toEqual([]);
  });
});

describe("assembleChunks", () => {
  it("gives whole chunks with everything in them", async () => {
    const chunks = [];
    for await (const chunk of assembleChunks(batches(), grid)) chunks.push(chunk);
    expect(chunks.map(({ chunk, start, count }) => [chunk, start, count])).toEqual([
      [0, 0, 8],
      [1, 8, 8],
      [2, 16, 7],
    ]);
    const { ids, labels, valid, features } = chunks[2]!;
    expect(ids).toEqual([16, 17, 18, 19, 20, 21, 22].map((row) => `image-${row}`));
    expect([...labels]).toEqual([1, 2, 3, 4, 0, 1, 2]);
    expect([...valid]).toEqual(new Array(7).fill(1));
    expect(features.get("t50/b05")!.shape).toEqual([7, 64, 4, 4]);
  });

  it("changes no value", async () => {
    expect(await rowsOf(assembleChunks(batches(), grid))).toEqual(await rowsOf(batches()));
  });

  it("gives only the chunks asked for", async () => {
    const seen: number[] = [];
    for await (const { chunk } of assembleChunks(batches(fakeNetwork(), [0, 2]), grid)) seen.push(chunk);
    expect(seen).toEqual([0, 2]);
  });

  it("collects the failures of a chunk", async () => {
    const torn = extractFeatures(fakeNetwork().runtime, fakeLoader({ corrupt: 9 }), request, { batch: 4 });
    const failures: number[] = [];
    for await (const chunk of assembleChunks(torn, grid)) failures.push(chunk.failures.length);
    expect(failures).toEqual([0, 1, 0]);
  });

  it("computes the next chunk, and no more, while this one is being written", async () => {
    const network = fakeNetwork({ latency: () => 1 });
    const started: number[] = [];
    for await (const _ of assembleChunks(batches(network), { chunkSamples: 8, samples: 23 })) {
      await setTimeout(150);
      started.push(network.seen.length);
    }
    // 3 passes per batch, 2 batches per chunk; up to one more pass waits in the extractor.
    expect(started[0]).toBeGreaterThanOrEqual(12);
    expect(started[0]).toBeLessThanOrEqual(13);
    expect(started).toHaveLength(3);
  });

  it("hands on finished chunks before an error", async () => {
    const network = fakeNetwork({ fail: (run) => (run === 10 ? new Error("worker died") : undefined) });
    const seen: number[] = [];
    const work = async () => {
      for await (const { chunk } of assembleChunks(batches(network), grid)) {
        await setTimeout(30);
        seen.push(chunk);
      }
    };
    await expect(work()).rejects.toThrow("worker died");
    expect(seen).toEqual([0]);
  });

  it("stops its source when the consumer fails", async () => {
    const network = fakeNetwork({ concurrency: 2, latency: () => 2 });
    const work = async () => {
      for await (const { chunk } of assembleChunks(batches(network), grid))
        throw new Error(`disk full at ${chunk}`);
    };
    await expect(work()).rejects.toThrow("disk full at 0");
    expect(network.watch).toMatchObject({ running: 0, closed: 1, runningAtClose: 0 });
  });

  it.each([
    ["a gap", [0, 8]],
    ["a chunk that starts in its middle", [4]],
    ["a batch across a border", [0, 4, 6]],
    ["an end in the middle of a chunk", [0]],
  ])("refuses %s", async (_, starts) => {
    const given = async function* (): AsyncGenerator<FeatureBatch> {
      for await (const batch of batches())
        for (const start of starts) if (batch.start === 0) yield { ...batch, start };
    };
    const work = async () => {
      for await (const _ of assembleChunks(given(), grid));
    };
    await expect(work()).rejects.toMatchObject({ code: "USAGE_INVALID" });
  });
});
