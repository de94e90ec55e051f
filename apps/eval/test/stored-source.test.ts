/** A store in memory and one that streams: the same batches in the same order. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { architectureFromFlags } from "@difftap/backbone";
import { ndarray, normals, streams } from "@difftap/core";
import { createFeatureStore } from "@difftap/feature-store";
import { parseRequest, requestedArrays, requestHash } from "@difftap/taps";
import type { FeatureSource } from "@difftap/trainer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readStoredFeatures } from "../src/compose/stored-heads.js";
import { diffusion, flags } from "./world.js";

const [samples, chunkSamples, unreadable] = [23, 4, 6];
let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "difftap-source-"));
  path = join(folder, "features.zarr");
  const request = parseRequest({
    taps: [
      { block: 2, pool: "map" },
      { block: 5, pool: 2 },
    ],
    timesteps: [50],
    seed: 1,
    size: 16,
    weights: "0".repeat(64),
    architecture: architectureFromFlags({ flags, diffusion }),
    dataset: { name: "generated", count: samples },
  });
  const arrays = requestedArrays(request).map(({ name, sampleShape }) => ({ name, sampleShape }));
  const description = { request, requestHash: requestHash(request), samples, arrays, chunkSamples };
  const writer = await createFeatureStore(path, { ...description, dtype: "float16" });
  for (const chunk of await writer.pendingChunks()) {
    const { start, count } = writer.chunkRows(chunk);
    const rows = Array.from({ length: count }, (_, row) => start + row);
    const features = arrays.map(({ name, sampleShape }, index) => {
      const shape = [count, ...sampleShape];
      const length = shape.reduce((product, side) => product * side);
      return [
        name,
        ndarray("float32", shape, normals({ seed: chunk, stream: streams.noise, index }, length)),
      ] as const;
    });
    await writer.writeChunk(chunk, {
      features: new Map(features),
      labels: Int32Array.from(rows, (row) => (row === unreadable ? -1 : row % 3)),
      ids: rows.map(String),
      valid: Uint8Array.from(rows, (row) => (row === unreadable ? 0 : 1)),
    });
  }
  await writer.finish();
});
afterAll(() => rm(folder, { recursive: true }));

async function epochOf({ length, batches, order }: FeatureSource) {
  const indices = order!({ seed: 4, stream: streams.order, index: 2 });
  expect(Array.from(indices).sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, place) => place));
  const found: unknown[] = [];
  for await (const batch of batches(indices, { batch: 5, epoch: 2 })) found.push(batch);
  return found;
}

test("a store that streams gives what one in memory gives, bit for bit", async () => {
  const inMemory = await readStoredFeatures(path, undefined);
  const streamed = await readStoredFeatures(path, undefined, { memory: 0 });
  expect([inMemory.streamed, streamed.streamed]).toEqual([false, true]);
  expect(streamed.source.length).toBe(samples - 1);
  expect(streamed.labels).toEqual(inMemory.labels);
  expect(Array.from(streamed.rows)).not.toContain(unreadable);
  const epoch = await epochOf(inMemory.source);
  expect(epoch).toHaveLength(5);
  expect(await epochOf(streamed.source)).toEqual(epoch);
});
