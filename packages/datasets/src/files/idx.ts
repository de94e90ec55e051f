/** The IDX format of MNIST: a magic number (two zero bytes, type, number of dimensions), the dimensions, then the values. */
import { DifftapError } from "@difftap/core";
import { MAX_IDX_GZIP_BYTES } from "../limits.js";
import { type ByteSource, fileSource, memorySource } from "./byte-source.js";
import { gunzipWhole } from "./gunzip.js";

/** The type byte of unsigned bytes, the only one image files use. */
const UNSIGNED_BYTE = 0x08;

export interface IdxFile {
  readonly source: ByteSource;
  readonly shape: readonly number[];
  /** Offset of the first value. */
  readonly start: number;
}

/** Opens `.gz` files in memory and others in place. @throws DifftapError as `parseIdx`, FILE_MISSING, READ_FAILED */
export async function openIdx(path: string, ranks: readonly number[]): Promise<IdxFile> {
  const source = /\.gz$/i.test(path)
    ? memorySource(await gunzipWhole(path, MAX_IDX_GZIP_BYTES), path)
    : await fileSource(path);
  try {
    return await parseIdx(source, ranks);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/**
 * Reads the header and checks that the file has exactly the bytes it announces.
 * @param ranks the numbers of dimensions that are allowed
 * @throws DifftapError DATA_REFUSED with the magic seen, or with the sizes that disagree.
 */
export async function parseIdx(source: ByteSource, ranks: readonly number[]): Promise<IdxFile> {
  if (source.size < 4) throw refused(source.path, `has ${source.size} bytes, too few for an IDX header`);
  const magic = view(await source.read(0, 4)).getUint32(0);
  const rank = magic & 0xff;
  if (magic >>> 8 !== UNSIGNED_BYTE || !ranks.includes(rank)) throw wrongMagic(source.path, magic, ranks);
  if (source.size < 4 + 4 * rank)
    throw refused(source.path, `ends within its IDX header, at byte ${source.size}`);
  const header = view(await source.read(4, 4 * rank));
  const shape = Array.from({ length: rank }, (_, i) => header.getUint32(4 * i));
  const start = 4 + 4 * rank;
  const values = shape.reduce((product, side) => product * BigInt(side), 1n);
  if (values !== BigInt(source.size - start)) {
    throw refused(
      source.path,
      `announces ${shape.join("×")} = ${values} bytes after its header and has ${source.size - start}`,
    );
  }
  return { source, shape, start };
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function wrongMagic(path: string, magic: number, ranks: readonly number[]): DifftapError {
  const expected = ranks.map((rank) => hex((UNSIGNED_BYTE << 8) | rank)).join(" or ");
  return new DifftapError(
    "DATA_REFUSED",
    `${path} begins with the magic number ${hex(magic)}, expected ${expected}`,
    {
      hint: "is it an IDX file of unsigned bytes, and is it the images' (or labels') file? A .gz file needs its .gz suffix",
      details: { path, magic, expected: ranks.map((rank) => (UNSIGNED_BYTE << 8) | rank) },
    },
  );
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}

function refused(path: string, reason: string): DifftapError {
  return new DifftapError("DATA_REFUSED", `${path} ${reason}`, {
    hint: "copy or download the file again",
    details: { path },
  });
}
