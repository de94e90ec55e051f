import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ndarray } from "@difftap/core";
import { describe, expect, it } from "vitest";
import {
  type ChunkContent,
  chooseChunkSamples,
  createFeatureStore,
  openFeatureStore,
  type StoreDescription,
  shardChunks,
} from "../src/index.js";
import { contentOf, description, filledStore, temporaryFolder } from "./stores.js";

describe("a store of another request", () => {
  it("is refused, naming every differing field and both values", async () => {
    const { path } = await filledStore();
    const asked = {
      ...description,
      request: {
        ...description.request,
        seed: 8,
        timesteps: [50, 90, 150],
        dataset: { name: "scenes" },
        size: 32,
      },
      requestHash: "0ther",
      dtype: "float16" as const,
    };
    const refused = createFeatureStore(path, asked);
    await expect(refused).rejects.toMatchObject({ code: "STORE_MISMATCH", exitCode: 2 });
    const message = await refused.catch((error: Error) => error.message);
    expect(message).toBe(
      [
        `${path} belongs to another request:`,
        "  request.dataset.count: the store has 11, asked for nothing",
        "  request.seed: the store has 7, asked for 8",
        '  request.timesteps.1: the store has "clean", asked for 90',
        "  request.timesteps.2: the store has nothing, asked for 150",
        "  request.size: the store has nothing, asked for 32",
        '  dtype: the store has "float32", asked for "float16"',
      ].join("\n"),
    );
  });

  it.each([
    [{ samples: 12 }, "samples: the store has 11, asked for 12"],
    [{ chunkSamples: 8 }, "chunkSamples: the store has 4, asked for 8"],
    [{ requestHash: "0ther" }, 'requestHash: the store has "5eed", asked for "0ther"'],
    [
      { arrays: description.arrays.slice(0, 2) },
      'arrays.2: the store has {"name":"clean/b09","sampleShape":[6]}, asked for nothing',
    ],
  ])("is refused for %j", async (change, expected) => {
    const { path } = await filledStore();
    await expect(createFeatureStore(path, { ...description, ...change })).rejects.toThrow(expected);
  });

  it("is not one with other attributes: the first ones stay", async () => {
    const { path } = await filledStore();
    await createFeatureStore(path, { ...description, attributes: { difftap: "9.9.9" } });
    expect((await openFeatureStore(path)).attributes).toEqual({ difftap: "0.0.0" });
  });

  it("is not the folder of something else", async () => {
    const path = await temporaryFolder();
    await writeFile(join(path, "thesis.tex"), "years of work");
    await expect(createFeatureStore(path, description)).rejects.toMatchObject({
      code: "STORE_MISMATCH",
      message: `${path} is not empty and is no feature store: it holds thesis.tex`,
    });
  });
});

describe("a folder that cannot be used", () => {
  it("is WRITE_FAILED where a file stands in the way", async () => {
    const path = join(await temporaryFolder(), "file");
    await writeFile(path, "");
    await expect(createFeatureStore(join(path, "store"), description)).rejects.toMatchObject({
      code: "WRITE_FAILED",
    });
    await expect(createFeatureStore(path, description)).rejects.toMatchObject({ code: "WRITE_FAILED" });
  });

  it.skipIf(process.getuid?.() === 0)(
    "is WRITE_FAILED without permission (skipped for root, who has it)",
    async () => {
      const path = join(await temporaryFolder(), "locked");
      await mkdir(path);
      await chmod(path, 0o500);
      await expect(createFeatureStore(path, description)).rejects.toMatchObject({ code: "WRITE_FAILED" });
    },
  );

  it("is FILE_MISSING when there is nothing to read", async () => {
    const path = await temporaryFolder();
    await expect(openFeatureStore(path)).rejects.toMatchObject({ code: "FILE_MISSING", exitCode: 2 });
    await expect(openFeatureStore(join(path, "deeper"))).rejects.toMatchObject({ code: "FILE_MISSING" });
  });
});

describe("a description", () => {
  const named = (...names: string[]) => ({ arrays: names.map((name) => ({ name, sampleShape: [1] })) });

  it.each<[Partial<StoreDescription>, string]>([
    [{ samples: 0 }, "samples"],
    [{ chunkSamples: 1.5 }, "chunkSamples"],
    [{ dtype: "float64" as never }, "dtype"],
    [{ arrays: [] }, "arrays"],
    [{ arrays: [{ name: "a", sampleShape: [0] }] }, "arrays.0.sampleShape.0"],
    [{ arrays: [{ name: "a", sampleShape: [2 ** 29] }] }, "the limit is 1073741824"],
    [named("../up"), "names are words"],
    [named("/etc"), "names are words"],
    [named("a//b"), "names are words"],
    [named("labels"), 'the store\'s own name "labels"'],
    [named("times/b01"), 'the store\'s own name "times"'],
    [named("a", "a"), "named twice"],
    [named("a/b", "a"), '"a" cannot be both an array and the group of "a/b"'],
    [{ request: { when: new Date(0) } }, "request.when"],
    [{ request: { loss: Number.NaN } }, "request.loss"],
  ])("%j is refused", async (change, expected) => {
    const path = join(await temporaryFolder(), "store");
    const refused = createFeatureStore(path, { ...description, ...change });
    await expect(refused).rejects.toMatchObject({ code: "USAGE_INVALID" });
    await expect(refused).rejects.toThrow(expected);
  });
});

describe("a chunk", () => {
  const first = contentOf(description, { start: 0, count: 4 });
  const features = (name: string, shape: number[], fill = 0) => ({
    features: new Map([
      ...first.features,
      [name, ndarray("float32", shape, new Float32Array(shape.reduce((a, b) => a * b)).fill(fill))],
    ]),
  });

  it.each<[string, number, Partial<ChunkContent>, string]>([
    ["that does not exist", 3, {}, "chunk 3 does not exist, the store has chunks 0 to 2"],
    ["of another length", 2, {}, "chunk 2 has 3 rows, but 4 labels were given"],
    ["with too few ids", 0, { ids: ["a"] }, "chunk 0 has 4 rows, but 1 ids were given"],
    ["with a valid flag of 2", 0, { valid: Uint8Array.of(1, 2, 0, 1) }, "values other than 0 and 1"],
    ["of another shape", 0, features("t50/b09", [4, 5]), "chunk 0 of t50/b09 is 4 × 6, but 4 × 5 was given"],
    ["without an array", 0, { features: new Map() }, "chunk 0 of t50/b09 is 4 × 6, but nothing was given"],
    ["with a surplus array", 0, features("t9/b1", [4, 1]), 'the store has no array "t9/b1"'],
  ])("%s is refused", async (_, chunk, change, expected) => {
    const path = join(await temporaryFolder(), "store");
    const writer = await createFeatureStore(path, description);
    const refused = writer.writeChunk(chunk, { ...first, ...change });
    await expect(refused).rejects.toMatchObject({ code: "USAGE_INVALID" });
    await expect(refused).rejects.toThrow(expected);
  });

  it.each([
    ["float32", Number.NaN, /feature 0 of sample ".*" in t50\/b09 is no finite number: NaN/],
    ["float32", Number.NEGATIVE_INFINITY, /is no finite number: -Infinity/],
    ["float16", 65520, /does not fit float16: 65520/],
    ["float16", -1e6, /does not fit float16: -1000000/],
  ] as const)("with a value that %s cannot keep is refused: %d", async (dtype, value, expected) => {
    const writer = await createFeatureStore(join(await temporaryFolder(), "store"), {
      ...description,
      dtype,
    });
    const refused = writer.writeChunk(0, { ...first, ...features("t50/b09", [4, 6], value) });
    await expect(refused).rejects.toMatchObject({ code: "NUMERIC" });
    await expect(refused).rejects.toThrow(expected);
  });

  it("of an unknown array cannot be read; the message lists the known ones", async () => {
    const { path } = await filledStore();
    const store = await openFeatureStore(path);
    await expect(store.readAll("t9/b09")).rejects.toMatchObject({
      code: "USAGE_INVALID",
      hint: "it holds t50/b09, t50/b10, clean/b09",
    });
  });
});

describe("chooseChunkSamples", () => {
  const base = { dtype: "float32" as const, samples: 60_000, batch: 32 };
  const wide = (...elements: number[]) =>
    elements.map((element, i) => ({ name: `a${i}`, sampleShape: [element] }));

  it.each([
    ["the widest array sets it: 8 MiB of 4096 floats", { arrays: wide(4096, 8) }, 512],
    ["halves take twice as many", { arrays: wide(4096, 8), dtype: "float16" as const }, 1024],
    ["narrow features stop at 1024 rows", { arrays: wide(8) }, 1024],
    ["a small set needs no more rows than it has, in whole batches", { arrays: wide(8), samples: 70 }, 96],
    ["never less than a batch", { arrays: wide(2 ** 24) }, 32],
    ["many arrays share the budget", { arrays: wide(...new Array(500).fill(1024)) }, 128],
    ["whole batches", { arrays: wide(4000), batch: 100 }, 500],
  ])("%s", (_, options, expected) => {
    expect(chooseChunkSamples({ ...base, ...options })).toBe(expected);
  });

  it("refuses nonsense", () => {
    expect(() => chooseChunkSamples({ ...base, arrays: wide(1), batch: 0 })).toThrow(/batches of 0/);
    expect(() => chooseChunkSamples({ ...base, arrays: [] })).toThrow(/0 arrays/);
  });
});

describe("shardChunks", () => {
  it("covers every chunk once, in sizes that differ by one at most", () => {
    for (let total = 0; total < 30; total++) {
      for (let count = 1; count < 9; count++) {
        const ranges = Array.from({ length: count }, (_, index) => shardChunks(total, { index, count }));
        expect(ranges[0]![0]).toBe(0);
        expect(ranges.at(-1)![1]).toBe(total);
        for (const [i, [first]] of ranges.slice(1).entries()) expect(first).toBe(ranges[i]![1]);
        const sizes = ranges.map(([first, end]) => end - first);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }
    }
  });

  it.each([
    [2, 2],
    [-1, 2],
    [0, 0],
    [0.5, 2],
  ])("refuses %d/%d", (index, count) => {
    expect(() => shardChunks(4, { index, count })).toThrow(/does not exist/);
  });
});
