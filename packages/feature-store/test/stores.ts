/** Small stores for the tests, and their contents, a pure function of the row. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { elementCount, ndarray } from "@difftap/core";
import { afterAll, vi } from "vitest";
import {
  type ChunkContent,
  createFeatureStore,
  type FeatureStoreWriter,
  type StoreDescription,
  timesFile,
} from "../src/index.js";

// Everything here waits for the disk, which others may be using.
vi.setConfig({ testTimeout: 120_000 });

const made: string[] = [];
afterAll(async () => {
  await Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true })));
});

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "difftap-store-"));
  made.push(folder);
  return folder;
}

export const description: StoreDescription = {
  request: {
    seed: 7,
    timesteps: [50, "clean"],
    taps: [{ block: 9, pool: 1 }],
    dataset: { name: "scenes", count: 11 },
  },
  requestHash: "5eed",
  samples: 11,
  arrays: [
    { name: "t50/b09", sampleShape: [6] },
    { name: "t50/b10", sampleShape: [2, 3, 3] },
    { name: "clean/b09", sampleShape: [6] },
  ],
  dtype: "float32",
  chunkSamples: 4,
  attributes: { difftap: "0.0.0" },
};

/** The value at an element of a row; a multiple of 1/8 below 256, so that float16 holds it exactly. */
const valueAt = (array: string, row: number, element: number) =>
  ((array.length * 31 + row * 17 + element * 3) % 2000) / 8 - 100;

export function contentOf(
  from: Pick<StoreDescription, "arrays">,
  { start, count }: { start: number; count: number },
): ChunkContent {
  const rows = Array.from({ length: count }, (_, index) => start + index);
  const features = from.arrays.map(({ name, sampleShape }) => {
    const length = elementCount(sampleShape);
    const data = Float32Array.from({ length: count * length }, (_, i) =>
      valueAt(name, start + Math.floor(i / length), i % length),
    );
    return [name, ndarray("float32", [count, ...sampleShape], data)] as const;
  });
  return {
    features: new Map(features),
    labels: Int32Array.from(rows, (row) => (row % 3) - 1),
    ids: rows.map((row) => `bilder/ü${row}/${"x".repeat(row)}.png`),
    valid: Uint8Array.from(rows, (row) => (row === 5 ? 0 : 1)),
  };
}

export async function fill(
  writer: FeatureStoreWriter,
  from: StoreDescription = description,
  chunks?: readonly number[],
) {
  for (const chunk of chunks ?? (await writer.pendingChunks())) {
    await writer.writeChunk(chunk, contentOf(from, writer.chunkRows(chunk)));
  }
}

export async function filledStore(from: StoreDescription = description, chunks?: readonly number[]) {
  const path = join(await temporaryFolder(), "features.zarr");
  const writer = await createFeatureStore(path, from);
  await fill(writer, from, chunks);
  return { path, writer, complete: await writer.finish() };
}

/** Every file of a folder by its relative path, the file of times aside. */
export async function bytesIn(folder: string): Promise<Map<string, Buffer>> {
  if (!existsSync(folder)) return new Map();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const named = files
    .map((file) => [relative(folder, file), file] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const kept = named.filter(([name]) => name !== timesFile);
  return new Map(await Promise.all(kept.map(async ([name, file]) => [name, await readFile(file)] as const)));
}
