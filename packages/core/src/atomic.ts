/**
 * Files that are there whole or not at all: a temporary name in the same folder, write, sync, rename, sync the folder.
 *
 * ```ts
 * import { writeFileAtomic } from "@difftap/core";
 *
 * await writeFileAtomic("run/results.json", JSON.stringify({ top1: 54.6 }));
 * ```
 */
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import { type FileSystem, nodeFileSystem } from "./file-system.js";
import { writeFailed } from "./write-failed.js";

export interface AtomicOptions {
  /** The file system to write to; another one only in tests of crashes and full disks. */
  readonly fileSystem?: FileSystem | undefined;
}

/** Ending of temporary names, so that a clean-up can tell what a crash left behind. */
export const TEMPORARY_SUFFIX = ".difftap-temporary";

/** A file's content: whole, or in pieces that are never in memory together. */
export type FileContent = Uint8Array | string | AsyncIterable<Uint8Array>;

/**
 * Writes a file atomically: readers, and the next start after a crash, see the old file or the new one.
 * Missing folders are made.
 * @throws DifftapError WRITE_FAILED naming the path, the reason and what to do; a DifftapError of the content's own passes
 * through. Either way nothing is left behind.
 */
export async function writeFileAtomic(
  path: string,
  content: FileContent,
  options: AtomicOptions = {},
): Promise<void> {
  const fileSystem = options.fileSystem ?? nodeFileSystem;
  const temporary = `${path}.${process.pid}.${randomUUID()}${TEMPORARY_SUFFIX}`;
  try {
    await fileSystem.mkdir(dirname(path), { recursive: true });
    await writeSynced(fileSystem, temporary, content);
    await fileSystem.rename(temporary, path);
    await syncFolder(fileSystem, dirname(path));
  } catch (cause) {
    await fileSystem.unlink(temporary).catch(() => undefined);
    throw writeFailed(path, cause);
  }
}

async function writeSynced(fileSystem: FileSystem, path: string, content: FileContent): Promise<void> {
  const pieces = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
  const file = await fileSystem.open(path, "wx");
  try {
    // On an open file writeFile goes on where the last one ended.
    for await (const piece of pieces) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Answers of systems that have no such thing as syncing a folder (some network file systems). */
const CANNOT_SYNC_FOLDERS = ["EINVAL", "ENOTSUP"];

/** Makes a rename in a folder survive a power cut, where the system can do that. */
async function syncFolder(fileSystem: FileSystem, path: string): Promise<void> {
  // Windows does not open folders; its renames are journalled.
  if (process.platform === "win32") return;
  const folder = await fileSystem.open(path, "r");
  try {
    await folder.sync().catch((error: NodeJS.ErrnoException) => {
      if (!CANNOT_SYNC_FOLDERS.includes(error.code ?? "")) throw error;
    });
  } finally {
    await folder.close();
  }
}
