import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { permutation, streams } from "@difftap/core";
import { describe, expect, it } from "vitest";
import { createChunkCache } from "../src/chunk-cache.js";
import { openFeatureStore, shuffleByChunk } from "../src/index.js";
import { contentOf, description, filledStore } from "./stores.js";

/** What rows of an array must be. */
const expected = (name: string, indices: readonly number[]) =>
  indices.flatMap((index) => {
    const { features } = contentOf(description, { start: index, count: 1 });
    return Array.from(features.get(name)!.data);
  });

describe("rows of a store", () => {
  it.each(["float32", "float16"] as const)(
    "come in the order asked for, twice where asked twice, %s",
    async (dtype) => {
      const { path } = await filledStore({ ...description, dtype });
      const names = ["t50/b10", "t50/b09"];
      const rows = await (await openFeatureStore(path)).rows(names, { cacheBytes: 200 });
      for (const indices of [[10, 0, 5, 5, 9], [3], [7, 6, 5, 4, 3, 2, 1, 0]]) {
        const read = await rows.read(Uint32Array.from(indices));
        expect(Object.keys(read)).toEqual(names);
        expect(read["t50/b10"]!.shape).toEqual([indices.length, 2, 3, 3]);
        for (const name of names) expect(Array.from(read[name]!.data)).toEqual(expected(name, indices));
      }
      expect((await rows.read(new Uint32Array(0)))["t50/b09"]!.shape).toEqual([0, 6]);
    },
  );

  it("are the caller's: a later read does not touch them", async () => {
    const { path } = await filledStore();
    const rows = await (await openFeatureStore(path)).rows(["t50/b09"]);
    const first = await rows.read(Uint32Array.of(1));
    first["t50/b09"]!.data.fill(0);
    const again = await rows.read(Uint32Array.of(1));
    expect(Array.from(again["t50/b09"]!.data)).toEqual(expected("t50/b09", [1]));
  });

  it("that do not exist are refused, and so are arrays", async () => {
    const { path } = await filledStore();
    const store = await openFeatureStore(path);
    const rows = await store.rows(["t50/b09"]);
    await expect(rows.read(Uint32Array.of(0, 11))).rejects.toMatchObject({
      code: "USAGE_INVALID",
      details: { row: 11 },
    });
    await expect(store.rows(["t50/b99"])).rejects.toMatchObject({ code: "USAGE_INVALID" });
  });

  it("of a damaged chunk are refused, of the others given; a chunk that is mended is read again", async () => {
    const { path, writer } = await filledStore();
    const rows = await (await openFeatureStore(path)).rows(["t50/b09"]);
    await writeFile(join(path, "t50/b09/c.1.0"), "no chunk");
    await expect(rows.read(Uint32Array.of(0, 5))).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(Array.from((await rows.read(Uint32Array.of(0, 9)))["t50/b09"]!.data)).toEqual(
      expected("t50/b09", [0, 9]),
    );
    await writer.writeChunk(1, contentOf(description, writer.chunkRows(1)));
    expect(Array.from((await rows.read(Uint32Array.of(5)))["t50/b09"]!.data)).toEqual(
      expected("t50/b09", [5]),
    );
  });

  it("have an order that mixes as many chunks as are kept", async () => {
    const { path } = await filledStore();
    const store = await openFeatureStore(path);
    const address = { seed: 3, stream: streams.order, index: 0 };
    // A chunk of the two arrays has 4 × (6 + 18) numbers.
    const keeping = (chunks: number) =>
      store.rows(["t50/b09", "t50/b10"], { cacheBytes: chunks * 4 * 24 * 4 + 1 });
    const [one, two, all, fewer] = await Promise.all([keeping(1), keeping(2), keeping(3), keeping(0.5)]);
    expect(one.order(address)).toEqual(shuffleByChunk(store, address, { chunksTogether: 1 }));
    expect(two.order(address)).toEqual(shuffleByChunk(store, address, { chunksTogether: 2 }));
    expect(all.order(address)).toEqual(permutation(address, store.samples));
    expect(fewer.order(address)).toEqual(one.order(address));
  });

  it("stop when the signal fires", async () => {
    const { path } = await filledStore();
    const rows = await (await openFeatureStore(path)).rows(["t50/b09"]);
    await expect(rows.read(Uint32Array.of(0), AbortSignal.abort())).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });
});

describe("the cache of chunks", () => {
  const counting = (limit: number) => {
    const cache = createChunkCache<string>(limit);
    const loads: string[] = [];
    const get = (key: string, bytes = 10) =>
      cache.get(key, bytes, async () => {
        loads.push(key);
        return key;
      });
    return { get, loads };
  };

  it("keeps what was used last, up to its limit", async () => {
    const { get, loads } = counting(20);
    for (const key of ["a", "b", "a", "c", "a", "b"]) expect(await get(key)).toBe(key);
    expect(loads).toEqual(["a", "b", "c", "b"]);
  });

  it("gives up several for a large one, and keeps one larger than the limit alone", async () => {
    const { get, loads } = counting(20);
    for (const key of ["a", "b"]) await get(key);
    await get("large", 50);
    await get("large", 50);
    await get("a");
    await get("large", 50);
    expect(loads).toEqual(["a", "b", "large", "a", "large"]);
  });

  it("loads once what is asked for twice at once, and forgets what failed", async () => {
    const { get, loads } = counting(20);
    await Promise.all([get("a"), get("a")]);
    expect(loads).toEqual(["a"]);
    const cache = createChunkCache<string>(20);
    const failing = () => Promise.reject(new Error("no"));
    await expect(cache.get("a", 10, failing)).rejects.toThrow("no");
    expect(await cache.get("a", 10, async () => "mended")).toBe("mended");
  });
});

describe("an order by chunk", () => {
  const store = { samples: 103, chunkSamples: 4 };
  const address = { seed: 3, stream: streams.order, index: 0 };

  it("has every row once, and is decided by its address", () => {
    const order = shuffleByChunk(store, address, { chunksTogether: 3 });
    expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: 103 }, (_, row) => row));
    expect(shuffleByChunk(store, address, { chunksTogether: 3 })).toEqual(order);
    expect(shuffleByChunk(store, { ...address, index: 1 }, { chunksTogether: 3 })).not.toEqual(order);
  });

  it("opens no more chunks together than asked for, and mixes their rows", () => {
    const order = Array.from(shuffleByChunk(store, address, { chunksTogether: 3 }));
    const chunkOf = (row: number) => Math.floor(row / 4);
    const span = (chunk: number) => {
      const places = order.flatMap((row, place) => (chunkOf(row) === chunk ? [place] : []));
      return places.at(-1)! - places[0]!;
    };
    const spans = Array.from({ length: 26 }, (_, chunk) => span(chunk));
    expect(Math.max(...spans)).toBeLessThan(12);
    expect(spans.filter((each) => each > 3).length).toBeGreaterThan(15);
    const firsts = [...new Set(order.map(chunkOf))];
    expect(firsts).not.toEqual(firsts.toSorted((a, b) => a - b));
  });

  it("of all chunks together is one shuffle, of single chunks leaves them whole", () => {
    const alone = Array.from(shuffleByChunk(store, address, { chunksTogether: 1 }), (row) =>
      Math.floor(row / 4),
    );
    expect(alone.filter((chunk, place) => chunk !== alone[place - 1]).length).toBe(26);
    expect(shuffleByChunk(store, address, { chunksTogether: 26 })).toEqual(permutation(address, 103));
    expect(() => shuffleByChunk(store, address, { chunksTogether: 0 })).toThrow(
      expect.objectContaining({ code: "USAGE_INVALID" }),
    );
  });
});
