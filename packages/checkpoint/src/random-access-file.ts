/** A file of any size read at offsets, never whole. */
import { type FileHandle, open } from "node:fs/promises";
import { DifftapError } from "@difftap/core";
import { refusal, systemError } from "./refuse.js";

/** One read call of the operating system; longer reads are split. The kernel itself stops at 2 GiB − 4 KiB. */
const BYTES_PER_CALL = 1 << 30;

export interface RandomAccessFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /**
   * `length` bytes from `offset`, in a buffer of their own (so any element type can view them).
   * @throws DifftapError CHECKPOINT_REFUSED when the file ends before, saying what was being read.
   */
  read(offset: number, length: number, what: string): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** @throws DifftapError FILE_MISSING, READ_FAILED, CHECKPOINT_REFUSED for a folder. */
export async function openRandomAccess(
  path: string,
  onRead?: (offset: number, length: number) => void,
): Promise<RandomAccessFile> {
  const handle = await open(path, "r").catch((error: unknown) => Promise.reject(systemError(path, error)));
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw refusal(path, "is not a regular file");
    return fileOf(handle, path, status.size, onRead);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function fileOf(
  handle: FileHandle,
  path: string,
  size: number,
  onRead?: (offset: number, length: number) => void,
): RandomAccessFile {
  let closed: Promise<void> | undefined;
  return {
    path,
    size,
    async read(offset, length, what) {
      if (closed) throw new DifftapError("USAGE_INVALID", `${path}: read after close`, { details: { path } });
      requireWithin(path, size, offset, length, what);
      const bytes = allocate(path, length, what);
      onRead?.(offset, length);
      await fill(handle, path, bytes, offset, what);
      return bytes;
    },
    close() {
      closed ??= handle.close();
      return closed;
    },
  };
}

function requireWithin(path: string, size: number, offset: number, length: number, what: string): void {
  if (offset >= 0 && length >= 0 && offset + length <= size) return;
  throw refusal(
    path,
    `${what} needs bytes ${offset} to ${offset + length}, but the file has ${size}: truncated?`,
  );
}

/** A buffer for what is about to be read; too little memory is an error of ours, not a RangeError. */
export function allocate(path: string, length: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (error) {
    throw new DifftapError("READ_FAILED", `${path}: no memory for ${what}, ${length} bytes`, {
      hint: "free memory, or read on a larger machine",
      cause: error,
    });
  }
}

async function fill(
  handle: FileHandle,
  path: string,
  bytes: Uint8Array,
  offset: number,
  what: string,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const wanted = Math.min(BYTES_PER_CALL, bytes.length - done);
    const { bytesRead } = await handle
      .read(bytes, done, wanted, offset + done)
      .catch((error: unknown) => Promise.reject(systemError(path, error)));
    if (bytesRead === 0)
      throw refusal(path, `${what} ends at byte ${offset + done}: the file became shorter`);
    done += bytesRead;
  }
}
