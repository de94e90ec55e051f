/** A large file written in pieces under a temporary name and renamed when it is complete and on the disk. */
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import {
  type AtomicOptions,
  type FileSystem,
  nodeFileSystem,
  syncFolder,
  TEMPORARY_SUFFIX,
  writeFailed,
} from "@difftap/core";

/**
 * Like core's `writeFileAtomic`, for content that is never whole in memory: a reader of `path` sees the old file or the whole new one.
 * @throws DifftapError WRITE_FAILED; a DifftapError of `pieces` passes through. Either way the temporary file is gone.
 */
export async function writePiecesAtomic(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  { fileSystem = nodeFileSystem }: AtomicOptions = {},
): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomUUID()}${TEMPORARY_SUFFIX}`;
  try {
    await fileSystem.mkdir(dirname(path), { recursive: true });
    await writeSynced(fileSystem, temporary, pieces);
    await fileSystem.rename(temporary, path);
    await syncFolder(fileSystem, dirname(path));
  } catch (cause) {
    await fileSystem.unlink(temporary).catch(() => undefined);
    throw writeFailed(path, cause);
  }
}

async function writeSynced(
  fileSystem: FileSystem,
  path: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const file = await fileSystem.open(path, "wx");
  try {
    // On an open file writeFile goes on where the last one ended.
    for await (const piece of pieces) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}
