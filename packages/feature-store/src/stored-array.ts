/** One array of a store, ready to be read: its metadata has been compared with what the description says. */
import { join } from "node:path";
import { DifftapError, stableStringify } from "@difftap/core";
import { readChunk, type StoredValues, zarrArray } from "./chunks.js";
import { checkNode } from "./create.js";
import type { FeatureArray, StoreDescription } from "./description.js";
import { readableFolder, readIfThere } from "./folder.js";
import { type ArrayLayout, arrayLayouts, arrayMetadata } from "./layout.js";

export interface StoredArray {
  readonly layout: ArrayLayout;
  /** The rows of a chunk, its checksum verified. @throws as `readChunk` */
  read(chunk: number, signal?: AbortSignal): Promise<StoredValues>;
}

/** @throws DifftapError STORE_CORRUPT when its metadata is damaged; READ_FAILED. */
export async function openArray(
  root: string,
  description: StoreDescription,
  name: string,
): Promise<StoredArray> {
  const layout = arrayLayouts(description).find((one) => one.name === name)!;
  const file = join(root, layout.name, "zarr.json");
  const bytes = await readIfThere(file);
  checkNode(file, bytes ?? new Uint8Array(), stableStringify(arrayMetadata(layout, description)));
  const array = zarrArray(readableFolder(root), layout, description);
  return { layout, read: (chunk, signal) => readChunk(array, { root, description, layout, chunk }, signal) };
}

/** @throws DifftapError USAGE_INVALID for a name that the store does not hold, listing those it does. */
export function featureArray(root: string, { arrays }: StoreDescription, name: string): FeatureArray {
  const found = arrays.find((array) => array.name === name);
  if (found !== undefined) return found;
  const names = arrays.map((array) => array.name);
  throw new DifftapError("USAGE_INVALID", `${root} holds no array "${name}"`, {
    hint: `it holds ${names.slice(0, 20).join(", ")}${names.length > 20 ? ` and ${names.length - 20} more` : ""}`,
    details: { name, names },
  });
}
