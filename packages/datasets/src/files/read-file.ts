/** Whole files, within a limit. */
import { open } from "node:fs/promises";
import { DifftapError } from "@difftap/core";
import { MAX_FILE_BYTES, MAX_TEXT_BYTES } from "../limits.js";
import { reading } from "./read-errors.js";

/**
 * The bytes of a file.
 * @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED when it is no regular file or over `limit` bytes.
 */
export async function readWhole(path: string, limit = MAX_FILE_BYTES): Promise<Uint8Array> {
  return reading(path, async () => {
    const file = await open(path, "r");
    try {
      const status = await file.stat();
      if (!status.isFile()) throw new DifftapError("DATA_REFUSED", `${path} is not a regular file`);
      if (status.size > limit) throw overLimit(path, status.size, limit);
      return await file.readFile();
    } finally {
      await file.close();
    }
  });
}

/** The text of a file as UTF-8. @throws as `readWhole`; DATA_REFUSED when it is not UTF-8. */
export async function readText(path: string): Promise<string> {
  return decodeText(await readWhole(path, MAX_TEXT_BYTES), path);
}

/** The lines of a text file without the blanks around them, empty ones left out. @throws as `readText` does */
export async function readLines(path: string): Promise<string[]> {
  const lines = (await readText(path)).split(/\r?\n/);
  return lines.map((line) => line.trim()).filter((line) => line !== "");
}

/** @throws DifftapError DATA_REFUSED when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DifftapError("DATA_REFUSED", `${source} is not UTF-8 text`, { cause, details: { source } });
  }
}

function overLimit(path: string, size: number, limit: number): DifftapError {
  return new DifftapError(
    "DATA_REFUSED",
    `${path} has ${size} bytes, more than the ${limit} allowed for one file`,
    {
      details: { path, size, limit },
    },
  );
}
