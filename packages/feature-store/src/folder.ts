/** A folder as zarrita sees it: reads that name the file they fail on, writes that are atomic. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DifftapError, type FileSystem, isDifftapError, writeFileAtomic } from "@difftap/core";
import type { AbsolutePath, AsyncMutable, AsyncReadable } from "zarrita";

/**
 * Bytes of a file; undefined when it does not exist.
 * @throws DifftapError READ_FAILED when the system will not give them.
 */
export async function readIfThere(file: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file, { signal });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (signal?.aborted) throw new DifftapError("INTERRUPTED", "interrupted", { cause: signal.reason });
    throw new DifftapError("READ_FAILED", `${file} cannot be read: ${(cause as Error).message}`, {
      hint: "check its permissions and the disk",
      details: { file },
      cause,
    });
  }
}

/**
 * Writes a file atomically. Where another process doing the same work has just written the very same bytes, losing the race
 * to it is no failure: that is what makes running a shard twice harmless.
 * @throws DifftapError WRITE_FAILED
 */
export async function writeSame(
  file: string,
  bytes: Uint8Array | string,
  fileSystem?: FileSystem,
): Promise<void> {
  try {
    await writeFileAtomic(file, bytes, { fileSystem });
  } catch (error) {
    if (!(await wasWrittenByAnother(file, bytes, error))) throw error;
  }
}

/** A finishing process removes every temporary file, and so one of ours if the chunk it was for is there already. */
async function wasWrittenByAnother(
  file: string,
  bytes: Uint8Array | string,
  error: unknown,
): Promise<boolean> {
  if (!isDifftapError(error, "WRITE_FAILED") || error.details.errno !== "ENOENT") return false;
  const there = await readIfThere(file);
  return there !== undefined && Buffer.from(bytes as Uint8Array).equals(there);
}

/** Zarr keys read from a folder. A missing chunk is an error here, not a chunk of fill values. */
export function readableFolder(root: string): AsyncReadable {
  return {
    async get(key, options) {
      const bytes = await readIfThere(join(root, key), options?.signal);
      if (bytes === undefined) throw new Error("the file is missing");
      return bytes;
    },
  };
}

/**
 * Zarr keys written into a folder. It claims that no chunk exists yet: chunks are only ever written whole, and zarrita
 * must not merge a new one into what a damaged file holds.
 */
export function writableFolder(root: string, fileSystem?: FileSystem): AsyncMutable {
  return {
    get: async () => undefined,
    set: (key: AbsolutePath, value: Uint8Array) => writeSame(join(root, key), value, fileSystem),
  };
}
