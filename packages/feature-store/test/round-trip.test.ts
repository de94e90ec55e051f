import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFeatureStore, openFeatureStore, type StoreDescription } from "../src/index.js";
import { bytesIn, contentOf, description, fill, filledStore, temporaryFolder } from "./stores.js";

const all = { start: 0, count: description.samples };

describe.each(["float32", "float16"] as const)("a store in %s", (dtype) => {
  const wanted: StoreDescription = { ...description, dtype };

  it("gives back what was written, whole and in chunks", async () => {
    const { path, complete } = await filledStore(wanted);
    expect(complete).toBe(true);
    const store = await openFeatureStore(path);
    const content = contentOf(wanted, all);
    expect(store).toMatchObject({ ...wanted, complete: true, chunkCount: 3, path });
    expect(await store.labels()).toEqual(content.labels);
    expect(await store.ids()).toEqual(content.ids);
    expect(await store.valid()).toEqual(content.valid);
    expect(await store.verify()).toEqual([]);
    for (const { name } of wanted.arrays) {
      expect(await store.readAll(name)).toEqual(content.features.get(name));
      const starts: number[] = [];
      for await (const { start, data } of store.chunks(name)) {
        starts.push(start);
        const rows = contentOf(wanted, { start, count: data.shape[0]! });
        expect(data).toEqual(rows.features.get(name));
      }
      expect(starts).toEqual([0, 4, 8]);
    }
  });
});

it("arrays of other image sizes lie beside those of the first", async () => {
  const names = ["t50/b09", "t50/b09@48", "t50/b09-p2@96x128"];
  const arrays = names.map((name, index) => ({ name, sampleShape: [index + 1] }));
  const { path } = await filledStore({ ...description, arrays });
  const store = await openFeatureStore(path);
  const { features } = contentOf({ arrays }, all);
  for (const name of names) expect(await store.readAll(name)).toEqual(features.get(name));
});

describe("the bytes of a store", () => {
  it("do not depend on the order in which chunks were written", async () => {
    const forward = await filledStore(description, [0, 1, 2]);
    const backward = await filledStore(description, [2, 0, 1]);
    expect(await bytesIn(backward.path)).toEqual(await bytesIn(forward.path));
  });

  it("do not depend on an interruption, nor on the order of keys in the request", async () => {
    const straight = await filledStore();
    const broken = await filledStore(description, [1]);
    expect(broken.complete).toBe(false);
    const reordered = {
      ...description,
      request: Object.fromEntries(Object.entries(description.request).reverse()),
    };
    const writer = await createFeatureStore(broken.path, reordered);
    expect(await writer.pendingChunks()).toEqual([0, 2]);
    expect(await writer.pendingChunks([1, 3])).toEqual([2]);
    await fill(writer);
    expect(await writer.finish()).toBe(true);
    expect(await bytesIn(broken.path)).toEqual(await bytesIn(straight.path));
  });

  it("are the same when written twice", async () => {
    const { path, writer } = await filledStore();
    const before = await bytesIn(path);
    await fill(writer, description, [0, 1, 2]);
    expect(await writer.finish()).toBe(true);
    expect(await bytesIn(path)).toEqual(before);
  });

  it("hold no temporary file", async () => {
    const { path } = await filledStore();
    const names = await readdir(path, { recursive: true });
    expect(names.filter((name) => name.includes("temporary"))).toEqual([]);
  });
});

it("takes an undefined member of the request for an absent one", async () => {
  const { path } = await filledStore({
    ...description,
    request: {
      ...description.request,
      split: undefined,
      dataset: { name: "scenes", count: 11, split: undefined },
    },
  });
  expect((await openFeatureStore(path)).request).toEqual(description.request);
  await createFeatureStore(path, description);
});

it("keeps one row of one array when that is all there is", async () => {
  const tiny = { ...description, samples: 1, chunkSamples: 1, arrays: [{ name: "x", sampleShape: [1] }] };
  const { path } = await filledStore(tiny);
  const store = await openFeatureStore(path);
  expect((await store.readAll("x")).shape).toEqual([1, 1]);
  expect(await store.ids()).toHaveLength(1);
});

it("reports progress and stops at a signal", async () => {
  const { path } = await filledStore();
  const store = await openFeatureStore(path);
  const seen: number[] = [];
  await store.readAll("t50/b09", { onProgress: ({ done }) => seen.push(done) });
  expect(seen).toEqual([4, 8, 11]);
  const stopped = AbortSignal.abort();
  await expect(store.readAll("t50/b09", { signal: stopped })).rejects.toMatchObject({ code: "INTERRUPTED" });
  await expect(store.verify({ signal: stopped })).rejects.toMatchObject({ code: "INTERRUPTED" });
  const writer = await createFeatureStore(path, description);
  await expect(writer.pendingChunks(undefined, { signal: stopped })).rejects.toMatchObject({
    code: "INTERRUPTED",
  });
});

it("keeps the folder's parents for itself to make", async () => {
  const path = join(await temporaryFolder(), "a", "b", "c.zarr");
  await createFeatureStore(path, description);
  expect((await openFeatureStore(path)).complete).toBe(false);
});
