/** Bytes at an offset, of a file on disk or in memory: what parsers read from. */
import { type FileHandle, open } from "node:fs/promises";
import { DifftapError } from "@difftap/core";
import { readError, reading } from "./read-errors.js";

export interface ByteSource {
  readonly path: string;
  readonly size: number;
  /** Exactly `length` bytes from `offset`. @throws DifftapError DATA_REFUSED when the source ends before. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED when `path` is no regular file. */
export async function fileSource(path: string): Promise<ByteSource> {
  const file = await reading(path, () => open(path, "r"));
  const status = await reading(path, () => file.stat());
  if (!status.isFile()) {
    await file.close();
    throw new DifftapError("DATA_REFUSED", `${path} is not a regular file`, { details: { path } });
  }
  return {
    path,
    size: status.size,
    read: (offset, length) => readExactly(file, path, offset, length),
    close: () => file.close(),
  };
}

/** Bytes already in memory; `path` is for messages. */
export function memorySource(bytes: Uint8Array, path: string): ByteSource {
  return {
    path,
    size: bytes.length,
    read: async (offset, length) => {
      if (offset + length > bytes.length) throw endsEarly(path, offset, length, bytes.length);
      return bytes.subarray(offset, offset + length);
    },
    close: async () => {},
  };
}

async function readExactly(
  file: FileHandle,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled).catch((cause) => {
      throw readError(path, cause);
    });
    if (bytesRead === 0) throw endsEarly(path, offset, length, offset + filled);
    filled += bytesRead;
  }
  return bytes;
}

function endsEarly(path: string, offset: number, length: number, size: number): DifftapError {
  return new DifftapError(
    "DATA_REFUSED",
    `${path} ends at byte ${size}; ${length} bytes were expected at ${offset}`,
    {
      hint: "the file is truncated: copy or download it again",
      details: { path, offset, length, size },
    },
  );
}
