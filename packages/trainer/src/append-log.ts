/**
 * Files that grow record by record. A checkpoint remembers how long they were; a resumed run cuts them to that length, so that what
 * was written for work that is done again, or torn by a crash, is gone and everything before it stays.
 */
import { DifftapError, type FileSystem, writeFailed, writeFileAtomic } from "@difftap/core";

export interface AppendLog {
  /** Bytes so far. */
  readonly length: number;
  append(record: Uint8Array | string): Promise<void>;
  /** What was appended before survives a power cut after it. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file behind its first `length` bytes; one that has none begins with `beginning`.
 * @throws DifftapError READ_FAILED, WRITE_FAILED naming the path.
 */
export async function openAppendLog(
  path: string,
  length: number,
  beginning: Uint8Array,
  fileSystem: FileSystem,
): Promise<AppendLog> {
  const kept = (await readIfThere(path, fileSystem)).subarray(0, length);
  const content = kept.length > 0 ? kept : beginning;
  await writeFileAtomic(path, content, { fileSystem });
  return appendTo(path, content.length, fileSystem);
}

const NOT_THERE = ["ENOENT", "ENOTDIR"];

async function readIfThere(path: string, fileSystem: FileSystem): Promise<Uint8Array> {
  try {
    return await fileSystem.readFile(path);
  } catch (cause) {
    if (NOT_THERE.includes((cause as NodeJS.ErrnoException).code ?? "")) return new Uint8Array(0);
    throw new DifftapError("READ_FAILED", `cannot read ${path}: ${(cause as Error).message}`, {
      details: { path },
      cause,
    });
  }
}

async function appendTo(path: string, from: number, fileSystem: FileSystem): Promise<AppendLog> {
  const attempt = async <T>(work: () => Promise<T>) => {
    try {
      return await work();
    } catch (cause) {
      throw writeFailed(path, cause);
    }
  };
  const file = await attempt(() => fileSystem.open(path, "a"));
  let length = from;
  return {
    get length() {
      return length;
    },
    append: async (record) => {
      await attempt(() => file.writeFile(record));
      length += Buffer.byteLength(record);
    },
    sync: () => attempt(() => file.sync()),
    close: () => attempt(() => file.close()),
  };
}
