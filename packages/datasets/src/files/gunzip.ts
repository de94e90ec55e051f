/** Gzip, unpacked as a stream with a limit on how far it may grow. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { DifftapError } from "@difftap/core";
import { GZIP_RATIO_FREE_BYTES, MAX_GZIP_RATIO } from "../limits.js";
import { readError, reading } from "./read-errors.js";

const CHUNK_BYTES = 256 * 1024;

/**
 * Unpacked chunks of a gzip file, in order.
 * @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED for damaged data or when it grows beyond `MAX_GZIP_RATIO`.
 */
export async function* gunzipFile(path: string): AsyncGenerator<Uint8Array> {
  const { size: packed } = await reading(path, () => stat(path));
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const unpacked = createGunzip({ chunkSize: CHUNK_BYTES });
  file.on("error", (error) => unpacked.destroy(error));
  file.pipe(unpacked);
  let total = 0;
  try {
    for await (const chunk of unpacked as AsyncIterable<Uint8Array>) {
      total += chunk.length;
      if (total > GZIP_RATIO_FREE_BYTES && total > packed * MAX_GZIP_RATIO)
        throw tooDense(path, packed, total);
      yield chunk;
    }
  } catch (error) {
    throw gzipError(path, error);
  } finally {
    file.destroy();
    unpacked.destroy();
  }
}

/** The whole unpacked file. @throws as `gunzipFile`; DATA_REFUSED above `limit` bytes. */
export async function gunzipWhole(path: string, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of gunzipFile(path)) {
    total += chunk.length;
    if (total > limit) {
      throw new DifftapError("DATA_REFUSED", `${path} unpacks to more than ${limit} bytes`, {
        hint: "unpack it: uncompressed files are read in place",
        details: { path, limit },
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, total);
}

function gzipError(path: string, error: unknown): unknown {
  if (error instanceof DifftapError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (!code.startsWith("Z_")) return readError(path, error);
  return new DifftapError("DATA_REFUSED", `${path} is damaged: ${(error as Error).message}`, {
    hint: "the gzip data does not unpack: copy or download the file again",
    details: { path },
    cause: error,
  });
}

function tooDense(path: string, packed: number, unpacked: number): DifftapError {
  return new DifftapError(
    "DATA_REFUSED",
    `${path} unpacks to over ${MAX_GZIP_RATIO} times its ${packed} bytes (${unpacked} so far): a decompression bomb`,
    { details: { path, packed, unpacked, limit: MAX_GZIP_RATIO } },
  );
}
