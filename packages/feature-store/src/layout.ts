/** Where things lie in the folder, as Zarr v3 says it: one `zarr.json` per node, one file per chunk. */
import { join } from "node:path";
import { stableStringify } from "@difftap/core";
import { groupsAbove, type StoreDescription } from "./description.js";

/** Data types of our arrays, by their Zarr names. */
export type StoredType = "float16" | "float32" | "int32" | "bool" | "string";

/** One Zarr array of the store. */
export interface ArrayLayout {
  readonly name: string;
  readonly type: StoredType;
  readonly sampleShape: readonly number[];
}

const own: readonly ArrayLayout[] = [
  { name: "labels", type: "int32", sampleShape: [] },
  { name: "ids", type: "string", sampleShape: [] },
  { name: "valid", type: "bool", sampleShape: [] },
];

/** Every array of a store: the features, then labels, ids and valid, all cut into chunks at the same rows. */
export function arrayLayouts({ arrays, dtype }: Pick<StoreDescription, "arrays" | "dtype">): ArrayLayout[] {
  return [...arrays.map(({ name, sampleShape }) => ({ name, sampleShape, type: dtype })), ...own];
}

export function chunkCount({
  samples,
  chunkSamples,
}: Pick<StoreDescription, "samples" | "chunkSamples">): number {
  return Math.ceil(samples / chunkSamples);
}

/** Rows of one chunk: the last one may be shorter (its file is full all the same, as Zarr wants it). */
export function chunkRows(description: Pick<StoreDescription, "samples" | "chunkSamples">, chunk: number) {
  const start = chunk * description.chunkSamples;
  return { start, count: Math.min(description.chunkSamples, description.samples - start) };
}

/**
 * File name of a chunk inside its array's folder. The separator is "." so that an array is one flat folder:
 * one folder to sync after a rename, none to make.
 */
export function chunkName({ sampleShape }: ArrayLayout, chunk: number): string {
  return ["c", chunk, ...sampleShape.map(() => 0)].join(".");
}

export function chunkPath(root: string, array: ArrayLayout, chunk: number): string {
  return join(root, array.name, chunkName(array, chunk));
}

/** Codecs of an array: raw little-endian values (strings: length-prefixed UTF-8), then their checksum. */
function codecsOf(type: StoredType) {
  const bytes = type === "bool" ? { name: "bytes" } : { name: "bytes", configuration: { endian: "little" } };
  return [type === "string" ? { name: "vlen-utf8" } : bytes, { name: "crc32c" }];
}

const fillValues = { float16: 0, float32: 0, int32: 0, bool: false, string: "" } as const;

function dimensionNames(rank: number): string[] {
  if (rank === 0) return ["sample"];
  return rank === 3
    ? ["sample", "channel", "row", "column"]
    : ["sample", ...(rank === 1 ? ["feature"] : axes(rank))];
}

const axes = (rank: number) => Array.from({ length: rank }, (_, axis) => `axis${axis}`);

/** The `zarr.json` of an array, as data. */
export function arrayMetadata(layout: ArrayLayout, { samples, chunkSamples }: StoreDescription) {
  return {
    zarr_format: 3,
    node_type: "array",
    shape: [samples, ...layout.sampleShape],
    data_type: layout.type,
    chunk_grid: { name: "regular", configuration: { chunk_shape: [chunkSamples, ...layout.sampleShape] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "." } },
    codecs: codecsOf(layout.type),
    fill_value: fillValues[layout.type],
    dimension_names: dimensionNames(layout.sampleShape.length),
    attributes: {},
  } as const;
}

export const groupMetadata = (attributes: object = {}) => ({
  zarr_format: 3,
  node_type: "group",
  attributes,
});

/** Every `zarr.json` below the root that follows from the description: relative path → text. Groups come before arrays. */
export function nodeFiles(description: StoreDescription): Map<string, string> {
  const groups = new Set(description.arrays.flatMap(({ name }) => groupsAbove(name)));
  const files = new Map<string, string>();
  for (const group of groups) files.set(join(group, "zarr.json"), stableStringify(groupMetadata()));
  for (const layout of arrayLayouts(description)) {
    files.set(join(layout.name, "zarr.json"), stableStringify(arrayMetadata(layout, description)));
  }
  return files;
}
