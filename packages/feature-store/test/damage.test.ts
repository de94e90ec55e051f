import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDifftapError } from "@difftap/core";
import { describe, expect, it } from "vitest";
import {
  createFeatureStore,
  type FeatureStore,
  openFeatureStore,
  type StoreDescription,
} from "../src/index.js";
import { description, fill, filledStore } from "./stores.js";

const small: StoreDescription = { ...description, arrays: [{ name: "t50/b09", sampleShape: [6] }] };

const reads: Record<string, (store: FeatureStore) => Promise<unknown>> = {
  "t50/b09/c.1.0": (store) => store.readAll("t50/b09"),
  "labels/c.1": (store) => store.labels(),
  "ids/c.1": (store) => store.ids(),
  "valid/c.1": (store) => store.valid(),
};

const arrayOf = (file: string) => file.slice(0, file.lastIndexOf("/"));

async function expectCorrupt(file: string, path: string, reading: Promise<unknown>): Promise<void> {
  const error = await reading.catch((thrown: unknown) => thrown);
  if (!isDifftapError(error, "STORE_CORRUPT")) throw new Error(`${file}: ${error} instead of STORE_CORRUPT`);
  expect(error.details).toMatchObject({ file: join(path, file), array: arrayOf(file), chunk: 1 });
}

describe.each(Object.entries(reads))("%s", (file, read) => {
  it("is refused when cut off after any byte", async () => {
    const { path } = await filledStore(small);
    const store = await openFeatureStore(path);
    const whole = await readFile(join(path, file));
    for (let length = whole.length - 1; length >= 0; length--) {
      await truncate(join(path, file), length);
      await expectCorrupt(file, path, read(store));
    }
    await writeFile(join(path, file), Buffer.concat([whole, Buffer.of(0)]));
    await expectCorrupt(file, path, read(store));
    await writeFile(join(path, file), whole);
    await read(store);
  });

  it("is refused with any one bit flipped", async () => {
    const { path } = await filledStore(small);
    const store = await openFeatureStore(path);
    const whole = await readFile(join(path, file));
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const damaged = Buffer.from(whole);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      await writeFile(join(path, file), damaged);
      await expectCorrupt(file, path, read(store));
    }
  });
});

it("verify lists every bad chunk, resuming computes just those, and the store is whole again", async () => {
  const { path } = await filledStore(small);
  await rm(join(path, "t50/b09/c.0.0"));
  await truncate(join(path, "ids/c.2"), 5);
  await writeFile(join(path, "valid/c.2"), "");
  const faults = await (await openFeatureStore(path)).verify();
  expect(faults).toMatchObject([
    { array: "t50/b09", chunk: 0, reason: "the file is missing", file: join(path, "t50/b09/c.0.0") },
    { array: "ids", chunk: 2, reason: expect.stringContaining("checksum") },
    { array: "valid", chunk: 2, reason: "0 bytes cannot hold a checksum" },
  ]);
  const writer = await createFeatureStore(path, small);
  expect(await writer.pendingChunks()).toEqual([0, 2]);
  await fill(writer, small);
  expect(await (await openFeatureStore(path)).verify()).toEqual([]);
});

it("a sound chunk in the wrong place is noticed by its size", async () => {
  const { path } = await filledStore(small);
  await writeFile(join(path, "t50/b09/c.1.0"), await readFile(join(path, "labels/c.1")));
  const store = await openFeatureStore(path);
  await expect(store.readAll("t50/b09")).rejects.toThrow(/holds 4 values instead of 24/);
});

it("metadata of an array that is not the root's is refused by name, and written anew once deleted", async () => {
  const { path } = await filledStore(small);
  const file = join(path, "t50/b09/zarr.json");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace('"shape":[11,6]', '"shape":[12,6]'));
  const store = await openFeatureStore(path);
  await expect(store.readAll("t50/b09")).rejects.toMatchObject({ code: "STORE_CORRUPT", details: { file } });
  await expect(createFeatureStore(path, small)).rejects.toMatchObject({
    code: "STORE_CORRUPT",
    details: { file },
  });
  await rm(file);
  await expect(store.readAll("t50/b09")).rejects.toMatchObject({ code: "STORE_CORRUPT", details: { file } });
  await createFeatureStore(path, small);
  expect(await readFile(file, "utf8")).toBe(text);
});
