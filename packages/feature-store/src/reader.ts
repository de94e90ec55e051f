/** Reading a store back, chunk by chunk, every checksum verified. */
import {
  DifftapError,
  elementCount,
  float16ToFloat32,
  type LongWork,
  type NdArray,
  ndarray,
  throwIfAborted,
} from "@difftap/core";
import type { StoredValues } from "./chunks.js";
import { registerCodecs } from "./codecs.js";
import { readRoot } from "./create.js";
import type { StoreDescription } from "./description.js";
import { chunkCount, chunkRows } from "./layout.js";
import { openRows, type RowOptions, type RowReader } from "./rows.js";
import { featureArray, openArray } from "./stored-array.js";
import { type ChunkFault, verifyArrays } from "./verify.js";

/** Rows start … start + data.shape[0] − 1 of an array. */
export interface FeatureChunk {
  readonly start: number;
  readonly data: NdArray<"float32">;
}

export interface FeatureStore extends Readonly<Required<StoreDescription>> {
  readonly path: string;
  /** Every chunk was there when the last writer finished. */
  readonly complete: boolean;
  readonly chunkCount: number;
  /** Class of every row [samples]; −1 where there is none. */
  labels(): Promise<Int32Array>;
  /** Sample id of every row. */
  ids(): Promise<string[]>;
  /** 1 where the image could be read, 0 where the row is zeros. */
  valid(): Promise<Uint8Array>;
  /** Streams an array in order; holds two chunks at a time. */
  chunks(name: string, work?: LongWork): AsyncIterable<FeatureChunk>;
  /** Rows of the named arrays in any order, for training on more than memory holds. @throws DifftapError USAGE_INVALID, STORE_CORRUPT */
  rows(names: readonly string[], options?: RowOptions): Promise<RowReader>;
  /** A whole array [samples, ...sampleShape] in memory. */
  readAll(name: string, work?: LongWork): Promise<NdArray<"float32">>;
  /** Every chunk of every array that is missing or damaged; empty for a sound, complete store. */
  verify(work?: LongWork): Promise<ChunkFault[]>;
}

/**
 * Opens a store. Nothing but metadata is read yet. Reading a chunk throws STORE_CORRUPT naming file and array when it is
 * missing, truncated or changed, READ_FAILED when the system fails, INTERRUPTED when the signal fires.
 * @throws DifftapError FILE_MISSING when there is no store; STORE_CORRUPT when its metadata is damaged; UNSUPPORTED for another format.
 */
export async function openFeatureStore(path: string): Promise<FeatureStore> {
  registerCodecs();
  const root = await readRoot(path);
  if (root === undefined) {
    throw new DifftapError("FILE_MISSING", `${path} holds no feature store`, {
      hint: "make one with difftap-eval features, or check the path",
      details: { path },
    });
  }
  const { description, complete } = root;
  const read = <T extends StoredValues>(name: string, work?: LongWork) =>
    rowsOf<T>(path, description, name, work ?? {});
  return {
    ...description,
    attributes: description.attributes ?? {},
    path,
    complete,
    chunkCount: chunkCount(description),
    labels: async () => joined(read<Int32Array>("labels"), new Int32Array(description.samples)),
    valid: async () => joined(read<Uint8Array>("valid"), new Uint8Array(description.samples)),
    ids: async () => (await collected(read<string[]>("ids"))).flatMap(({ values }) => values),
    chunks: (name, work) => featureChunks(path, description, name, work ?? {}),
    rows: (names, options) => openRows(path, description, names, options ?? {}),
    readAll: (name, work) => readAll(path, description, name, work ?? {}),
    verify: (work) => verifyArrays(path, description, work ?? {}),
  };
}

interface Rows<T> {
  readonly start: number;
  readonly values: T;
}

/** Chunks of any array in order, the next one being read while the caller works on this one. */
async function* rowsOf<T>(
  root: string,
  description: StoreDescription,
  name: string,
  work: LongWork,
): AsyncGenerator<Rows<T>> {
  const array = await openArray(root, description, name);
  const fetch = (chunk: number) => {
    const reading = array.read(chunk, work.signal);
    // Whoever awaits it gets the error; until then it must not count as unhandled.
    reading.catch(() => undefined);
    return reading as Promise<T>;
  };
  const last = chunkCount(description) - 1;
  let next = fetch(0);
  for (let chunk = 0; chunk <= last; chunk++) {
    throwIfAborted(work.signal);
    const values = await next;
    if (chunk < last) next = fetch(chunk + 1);
    yield { start: chunkRows(description, chunk).start, values };
  }
}

async function* featureChunks(root: string, description: StoreDescription, name: string, work: LongWork) {
  const { sampleShape } = featureArray(root, description, name);
  const row = elementCount(sampleShape);
  for await (const { start, values } of rowsOf<Float32Array | Uint16Array>(root, description, name, work)) {
    const data = values instanceof Uint16Array ? float16ToFloat32(values) : values;
    yield { start, data: ndarray("float32", [data.length / row, ...sampleShape], data) };
    const done = start + data.length / row;
    work.onProgress?.({ task: `reading ${name}`, done, total: description.samples, unit: "samples" });
  }
}

/** Values of one array above which it is not read into one buffer: typed arrays end near here on every platform. */
const mostValuesAtOnce = 2 ** 31;

async function readAll(
  root: string,
  description: StoreDescription,
  name: string,
  work: LongWork,
): Promise<NdArray<"float32">> {
  const { sampleShape } = featureArray(root, description, name);
  const shape = [description.samples, ...sampleShape];
  if (elementCount(shape) > mostValuesAtOnce) {
    throw new DifftapError(
      "UNSUPPORTED",
      `${name} has ${elementCount(shape)} values, too many to hold at once`,
      {
        hint: "stream it with chunks()",
        details: { name, shape },
      },
    );
  }
  let all: Float32Array | undefined;
  for await (const { start, data } of featureChunks(root, description, name, work)) {
    // Allocated once a chunk has been read: metadata alone is not worth gigabytes.
    all ??= new Float32Array(elementCount(shape));
    all.set(data.data, start * elementCount(sampleShape));
  }
  return ndarray("float32", shape, all!);
}

async function collected<T>(rows: AsyncIterable<Rows<T>>): Promise<Rows<T>[]> {
  const all: Rows<T>[] = [];
  for await (const one of rows) all.push(one);
  return all;
}

async function joined<T extends Int32Array | Uint8Array>(rows: AsyncIterable<Rows<T>>, into: T): Promise<T> {
  for await (const { start, values } of rows) into.set(values, start);
  return into;
}
