/** Writing a store: whole chunks, in any order, from any number of processes that own different chunks. */
import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import {
  DifftapError,
  elementCount,
  type FileSystem,
  type LongWork,
  type NdArray,
  TEMPORARY_SUFFIX,
  throwIfAborted,
} from "@difftap/core";
import type * as zarr from "zarrita";
import { type ChunkAddress, readChunk, type StoredValues, writeChunk, zarrArray } from "./chunks.js";
import { registerCodecs } from "./codecs.js";
import { enterStore, readRoot } from "./create.js";
import { checkedDescription, type StoreDescription } from "./description.js";
import { encodeFeatures } from "./encode.js";
import { readableFolder, writableFolder, writeSame } from "./folder.js";
import { type ArrayLayout, arrayLayouts, chunkCount, chunkName, chunkRows } from "./layout.js";
import { rootText } from "./root-metadata.js";
import { severalAtOnce } from "./several-at-once.js";

/** Files of a chunk under way at once: what takes time is the disk's answer to each sync, not its bandwidth. */
const filesAtOnce = 8;

/** The rows of one chunk: features [rows, ...sampleShape] of every array, and what is known about each row. */
export interface ChunkContent {
  readonly features: ReadonlyMap<string, NdArray<"float32">>;
  readonly labels: Int32Array;
  readonly ids: readonly string[];
  /** 1 where the image could be read, 0 where the row is zeros. */
  readonly valid: Uint8Array;
}

export interface FeatureStoreWriter {
  readonly path: string;
  readonly chunkCount: number;
  /** Rows that a chunk covers. */
  chunkRows(chunk: number): { readonly start: number; readonly count: number };
  /** Chunks in [first, end) — all by default — of which a file is missing or damaged, in order. */
  pendingChunks(range?: readonly [first: number, end: number], work?: LongWork): Promise<number[]>;
  /**
   * Writes a chunk; when this resolves it is on disk for good.
   * @throws DifftapError USAGE_INVALID when the content does not fit the store; NUMERIC for values it cannot hold; WRITE_FAILED.
   */
  writeChunk(chunk: number, content: ChunkContent): Promise<void>;
  /** Marks the store complete if every chunk is there, whoever wrote it, and says whether it is. */
  finish(): Promise<boolean>;
}

interface WriterState {
  readonly path: string;
  readonly description: StoreDescription;
  readonly layouts: readonly ArrayLayout[];
  readonly fileSystem: FileSystem | undefined;
}

/**
 * Makes a store in a folder, or resumes the one that is there when it was made for an equal description
 * (attributes aside, which keep their first values).
 * @throws DifftapError USAGE_INVALID for an unsound description; STORE_MISMATCH naming every field that differs from the store
 * in that folder; STORE_CORRUPT when its metadata is damaged; WRITE_FAILED.
 */
export async function createFeatureStore(
  path: string,
  description: StoreDescription,
  options: { readonly fileSystem?: FileSystem } = {},
): Promise<FeatureStoreWriter> {
  const asked = checkedDescription(description);
  registerCodecs();
  const { description: entered } = await enterStore(path, asked, options.fileSystem);
  const state = {
    path,
    description: entered,
    layouts: arrayLayouts(entered),
    fileSystem: options.fileSystem,
  };
  return {
    path,
    chunkCount: chunkCount(entered),
    chunkRows: (chunk) => chunkRows(entered, chunk),
    pendingChunks: (range, work) => pendingChunks(state, range ?? [0, chunkCount(entered)], work ?? {}),
    writeChunk: (chunk, content) => writeContent(state, chunk, content),
    finish: () => finish(state),
  };
}

const addressOf = ({ path, description }: WriterState, layout: ArrayLayout, chunk: number): ChunkAddress => ({
  root: path,
  description,
  layout,
  chunk,
});

async function pendingChunks(
  state: WriterState,
  [first, end]: readonly [number, number],
  work: LongWork,
): Promise<number[]> {
  const present = await presentChunks(state);
  const store = readableFolder(state.path);
  const arrays = state.layouts.map((layout) => ({
    layout,
    array: zarrArray(store, layout, state.description),
  }));
  const pending: number[] = [];
  for (let chunk = first; chunk < end; chunk++) {
    throwIfAborted(work.signal);
    if (!present.has(chunk) || !(await isSound(state, arrays, chunk, work.signal))) pending.push(chunk);
    work.onProgress?.({
      task: "checking the store",
      done: chunk + 1 - first,
      total: end - first,
      unit: "chunks",
    });
  }
  return pending;
}

type OpenArray = { readonly layout: ArrayLayout; readonly array: zarr.Array<zarr.DataType, zarr.Readable> };

async function isSound(
  state: WriterState,
  arrays: readonly OpenArray[],
  chunk: number,
  signal?: AbortSignal,
): Promise<boolean> {
  for (const { layout, array } of arrays) {
    try {
      await readChunk(array, addressOf(state, layout, chunk), signal);
    } catch (error) {
      if (error instanceof DifftapError && error.code === "STORE_CORRUPT") return false;
      throw error;
    }
  }
  return true;
}

/** Chunks of which every file exists. */
async function presentChunks(state: WriterState): Promise<Set<number>> {
  const chunks = new Set(Array.from({ length: chunkCount(state.description) }, (_, chunk) => chunk));
  for (const layout of state.layouts) {
    const names = new Set(await readdir(join(state.path, layout.name)));
    for (const chunk of chunks) if (!names.has(chunkName(layout, chunk))) chunks.delete(chunk);
  }
  return chunks;
}

async function writeContent(state: WriterState, chunk: number, content: ChunkContent): Promise<void> {
  checkContent(state, chunk, content);
  const store = writableFolder(state.path, state.fileSystem);
  await severalAtOnce(state.layouts, filesAtOnce, async (layout) => {
    const values = valuesOf(layout, content, state.description);
    await writeChunk(zarrArray(store, layout, state.description), addressOf(state, layout, chunk), values);
  });
}

function valuesOf(layout: ArrayLayout, content: ChunkContent, { dtype }: StoreDescription): StoredValues {
  if (layout.name === "labels") return content.labels;
  if (layout.name === "ids") return [...content.ids];
  if (layout.name === "valid") return content.valid;
  const origin = { array: layout.name, row: elementCount(layout.sampleShape), ids: content.ids };
  return encodeFeatures(content.features.get(layout.name)!.data, dtype, origin);
}

function checkContent(
  { description }: WriterState,
  chunk: number,
  { features, labels, ids, valid }: ChunkContent,
): void {
  if (!Number.isInteger(chunk) || chunk < 0 || chunk >= chunkCount(description)) {
    throw misfit(`chunk ${chunk} does not exist, the store has chunks 0 to ${chunkCount(description) - 1}`);
  }
  const { count } = chunkRows(description, chunk);
  for (const [what, { length }] of Object.entries({ labels, ids, valid })) {
    if (length !== count) throw misfit(`chunk ${chunk} has ${count} rows, but ${length} ${what} were given`);
  }
  if (valid.some((flag) => flag > 1)) throw misfit(`valid of chunk ${chunk} holds values other than 0 and 1`);
  for (const { name, sampleShape } of description.arrays) {
    const given = features.get(name)?.shape.join(" × ") ?? "nothing";
    const wanted = [count, ...sampleShape].join(" × ");
    if (given !== wanted) throw misfit(`chunk ${chunk} of ${name} is ${wanted}, but ${given} was given`);
  }
  const surplus = [...features.keys()].find(
    (name) => !description.arrays.some((array) => array.name === name),
  );
  if (surplus !== undefined) throw misfit(`the store has no array "${surplus}"`);
}

const misfit = (message: string) =>
  new DifftapError("USAGE_INVALID", message, {
    hint: "a chunk is written whole, with every array of the store",
  });

async function finish(state: WriterState): Promise<boolean> {
  const root = await readRoot(state.path);
  if ((await presentChunks(state)).size < chunkCount(state.description)) return false;
  if (root?.complete !== true)
    await writeSame(join(state.path, "zarr.json"), rootText(state.description, true), state.fileSystem);
  await sweep(state);
  return true;
}

/** Removes the temporary files that killed processes left. */
async function sweep({ path, layouts }: WriterState): Promise<void> {
  const folders = new Set(["", "times", ...layouts.flatMap(({ name }) => prefixes(name))]);
  for (const folder of folders) {
    for (const name of await readdir(join(path, folder))) {
      if (name.endsWith(TEMPORARY_SUFFIX)) await unlink(join(path, folder, name)).catch(() => undefined);
    }
  }
}

const prefixes = (name: string) =>
  name.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"));
