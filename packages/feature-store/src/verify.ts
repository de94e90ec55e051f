/** Looking at every chunk of a store. */
import { DifftapError, type LongWork, throwIfAborted } from "@difftap/core";
import { readChunk, zarrArray } from "./chunks.js";
import type { StoreDescription } from "./description.js";
import { readableFolder } from "./folder.js";
import { arrayLayouts, chunkCount, chunkPath } from "./layout.js";

/** A chunk that cannot be used. */
export interface ChunkFault {
  readonly array: string;
  readonly chunk: number;
  readonly file: string;
  readonly reason: string;
}

/**
 * All faults of a store, array by array.
 * @throws DifftapError READ_FAILED, INTERRUPTED.
 */
export async function verifyArrays(
  root: string,
  description: StoreDescription,
  work: LongWork,
): Promise<ChunkFault[]> {
  const faults: ChunkFault[] = [];
  const layouts = arrayLayouts(description);
  const total = layouts.length * chunkCount(description);
  let done = 0;
  for (const layout of layouts) {
    const array = zarrArray(readableFolder(root), layout, description);
    for (let chunk = 0; chunk < chunkCount(description); chunk++) {
      throwIfAborted(work.signal);
      const reason = await faultIn(readChunk(array, { root, description, layout, chunk }, work.signal));
      if (reason !== undefined)
        faults.push({ array: layout.name, chunk, file: chunkPath(root, layout, chunk), reason });
      work.onProgress?.({ task: "verifying the store", done: ++done, total, unit: "chunks" });
    }
  }
  return faults;
}

async function faultIn(reading: Promise<unknown>): Promise<string | undefined> {
  try {
    await reading;
    return undefined;
  } catch (error) {
    if (error instanceof DifftapError && error.code === "STORE_CORRUPT") return String(error.details.reason);
    throw error;
  }
}
