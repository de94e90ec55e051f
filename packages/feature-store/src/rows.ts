/** Rows of a store by their indices, in any order: chunks are read when a row of them is asked for, and some are kept. */
import {
  DifftapError,
  elementCount,
  float16ToFloat32,
  type NdArray,
  ndarray,
  type RandomAddress,
} from "@difftap/core";
import { type ChunkCache, createChunkCache } from "./chunk-cache.js";
import type { StoredValues } from "./chunks.js";
import type { StoreDescription } from "./description.js";
import type { ArrayLayout } from "./layout.js";
import { severalAtOnce } from "./several-at-once.js";
import { shuffleByChunk } from "./shuffle.js";
import { featureArray, openArray, type StoredArray } from "./stored-array.js";

/** Some tens of chunks of maps, whose rows are mixed; far less than training on them takes. */
const defaultCacheBytes = 256 * 2 ** 20;

/** Chunks under way at once: the next is read while rows are taken from this one. */
const chunksAtOnce = 2;

export interface RowOptions {
  /** Bytes of chunks that are kept, as they lie on disk, over all arrays together; 256 MiB unless given. */
  readonly cacheBytes?: number;
}

export interface RowReader {
  /**
   * The rows of these indices in this order, [indices.length, ...sampleShape], by array. Beside them and the chunks that are kept it
   * holds two chunks.
   * @throws DifftapError USAGE_INVALID for a row that does not exist; STORE_CORRUPT, READ_FAILED, INTERRUPTED as any reading does.
   */
  read(indices: Uint32Array, signal?: AbortSignal): Promise<Readonly<Record<string, NdArray<"float32">>>>;
  /**
   * Every row once, in a random order in which batch after batch is read with hardly a chunk opened twice: that of `shuffleByChunk`, mixing as
   * many chunks as are kept. Decided by the address, the store, the arrays and the bytes of chunks that are kept, and by nothing else.
   */
  order(address: RandomAddress): Uint32Array;
}

/** @throws DifftapError USAGE_INVALID for an array that is not there; STORE_CORRUPT when its metadata is damaged. */
export async function openRows(
  root: string,
  description: StoreDescription,
  names: readonly string[],
  { cacheBytes = defaultCacheBytes }: RowOptions,
): Promise<RowReader> {
  for (const name of names) featureArray(root, description, name);
  const arrays = await Promise.all(names.map((name) => openArray(root, description, name)));
  const reading = { description, cache: createChunkCache<StoredValues>(cacheBytes) };
  const together = arrays.reduce((sum, { layout }) => sum + chunkBytes(layout, description), 0);
  const chunksTogether = Math.max(1, Math.floor(cacheBytes / together));
  return {
    order: (address) => shuffleByChunk(description, address, { chunksTogether }),
    async read(indices, signal) {
      checkIndices(indices, description.samples);
      const rows: [string, NdArray<"float32">][] = [];
      for (const array of arrays)
        rows.push([array.layout.name, await rowsOf(reading, array, indices, signal)]);
      return Object.fromEntries(rows);
    },
  };
}

interface Reading {
  readonly description: StoreDescription;
  readonly cache: ChunkCache<StoredValues>;
}

async function rowsOf(
  { description, cache }: Reading,
  { layout, read }: StoredArray,
  indices: Uint32Array,
  signal: AbortSignal | undefined,
): Promise<NdArray<"float32">> {
  const { chunkSamples } = description;
  const width = elementCount(layout.sampleShape);
  const bytes = chunkBytes(layout, description);
  const result = ndarray("float32", [indices.length, ...layout.sampleShape]);
  await severalAtOnce(placesByChunk(indices, chunkSamples), chunksAtOnce, async ([chunk, places]) => {
    const load = () => read(chunk, signal);
    const values = await cache.get(`${layout.name} ${chunk}`, bytes, load);
    for (const place of places) {
      const start = (indices[place]! - chunk * chunkSamples) * width;
      result.data.set(toFloat32(values, start, start + width), place * width);
    }
  });
  return result;
}

function chunkBytes({ sampleShape }: ArrayLayout, { chunkSamples, dtype }: StoreDescription): number {
  return chunkSamples * elementCount(sampleShape) * (dtype === "float16" ? 2 : 4);
}

/** Which places of the result lie in which chunk: each chunk is read once. */
function placesByChunk(indices: Uint32Array, chunkSamples: number): Map<number, number[]> {
  const places = new Map<number, number[]>();
  indices.forEach((index, place) => {
    const chunk = Math.floor(index / chunkSamples);
    const own = places.get(chunk);
    if (own) own.push(place);
    else places.set(chunk, [place]);
  });
  return places;
}

/** Kept as they lie on disk, halves take half the memory. */
function toFloat32(values: StoredValues, start: number, end: number): Float32Array {
  if (values instanceof Uint16Array) return float16ToFloat32(values.subarray(start, end));
  return (values as Float32Array).subarray(start, end);
}

function checkIndices(indices: Uint32Array, samples: number): void {
  const wrong = indices.find((index) => index >= samples);
  if (wrong === undefined) return;
  throw new DifftapError(
    "USAGE_INVALID",
    `row ${wrong} does not exist, the store has rows 0 to ${samples - 1}`,
    {
      details: { row: wrong, samples },
    },
  );
}
