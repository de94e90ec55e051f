/** A large file written in pieces under a temporary name and renamed when it is complete and on the disk. */
import { randomUUID } from "node:crypto";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DifftapError, isDifftapError } from "@difftap/core";

/**
 * Writes `pieces` in order. A reader of `path` sees the old file or the whole new one.
 * @throws DifftapError WRITE_FAILED; what `pieces` throws passes through. Either way the temporary file is gone.
 */
export async function writePiecesAtomic(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.partial`);
  try {
    await writeSynced(temporary, pieces);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw writeFailure(path, error);
  }
}

async function writeSynced(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(path, "wx");
  try {
    for await (const piece of pieces) await writeAll(handle, piece);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A write may take less than it was given, and at most 2 GiB. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(1 << 30, bytes.length - done));
    done += bytesWritten;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
}

function writeFailure(path: string, error: unknown): unknown {
  if (isDifftapError(error)) return error;
  const code = (error as NodeJS.ErrnoException)?.code ?? "unknown error";
  return new DifftapError("WRITE_FAILED", `${path}: cannot be written (${code})`, {
    hint: code === "ENOSPC" ? "free space on the disk" : "check that the folder exists and is writable",
    details: { path, code },
    cause: error,
  });
}
