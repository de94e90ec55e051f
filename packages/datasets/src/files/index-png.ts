/**
 * PNGs that hold a number per pixel: grey values, or palette indices as they are, which other decoders would turn into
 * colours. Only the chunks that make the pixels reach the decoder, and only when they unpack to as much as the header says.
 */
import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { DifftapError } from "@difftap/core";
import { decode } from "fast-png";
import type { LabelMap } from "../annotations.js";
import { MAX_IMAGE_PIXELS } from "../limits.js";

/**
 * @returns values 0 … 255, or 0 … 65535 of a PNG with 16 bits
 * @throws DifftapError IMAGE_CORRUPT naming the source: no PNG, damaged, over `MAX_IMAGE_PIXELS`; DATA_REFUSED for colours
 */
export async function decodeIndexPng(bytes: Uint8Array, source: string): Promise<LabelMap> {
  const chunks = readChunks(bytes, source);
  const header = readHeader(chunks, source);
  await checkUnpacks(chunks, header, source);
  const { width, height, depth } = header;
  try {
    const { data } = decode(joined(bytes, chunks), { checkCrc: true });
    if (data instanceof Uint16Array) return { width, height, data };
    return { width, height, data: depth === 8 ? Uint8Array.from(data) : unpackBits(data, header) };
  } catch (cause) {
    throw corrupt(source, `cannot be decoded: ${(cause as Error).message}`, cause);
  }
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** With length, type and checksum. */
  readonly whole: Uint8Array;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const HEADER_BYTES = 13;
const GREY = 0;
const PALETTE = 3;
/** What makes the pixels: the rest is text, profiles and times. */
const essential = new Set(["IHDR", "PLTE", "IDAT", "IEND"]);

function readChunks(bytes: Uint8Array, source: string): Chunk[] {
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) throw corrupt(source, "is no PNG image");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE.length; chunks.at(-1)?.type !== "IEND"; ) {
    const end = at + 12 + (at + 8 > bytes.length ? Number.POSITIVE_INFINITY : view.getUint32(at));
    if (end > bytes.length) throw corrupt(source, `is cut short at byte ${bytes.length}`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (essential.has(type)) {
      chunks.push({ type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) });
    }
    at = end;
  }
  return chunks;
}

function readHeader(chunks: readonly Chunk[], source: string): Header {
  const [first, ...others] = chunks;
  if (
    first?.type !== "IHDR" ||
    first.data.length !== HEADER_BYTES ||
    others.some(({ type }) => type === "IHDR")
  )
    throw corrupt(source, "has no header of its own");
  const view = new DataView(first.data.buffer, first.data.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth = 0, colour = 0, , , interlace = 0] = first.data.subarray(8);
  if (colour !== GREY && colour !== PALETTE) throw colours(source);
  if (width * height === 0 || width * height > MAX_IMAGE_PIXELS)
    throw corrupt(source, `has ${width}×${height} pixels; 1 to ${MAX_IMAGE_PIXELS} are decoded`);
  // fast-png reads interlaced rows of whole bytes alone.
  if (interlace !== 0 && depth < 8)
    throw corrupt(source, `is interlaced with ${depth} bits a pixel: save it plain`);
  return { width, height, depth };
}

/** Rows with their filter bytes, seven times over at most when interlaced. */
async function checkUnpacks(chunks: readonly Chunk[], header: Header, source: string): Promise<void> {
  const row = 1 + Math.ceil((header.width * header.depth) / 8);
  const limit = row * header.height + 7 * (header.width + header.height);
  const packed = Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data));
  const unpacked = await promisify(inflate)(packed, { maxOutputLength: limit }).catch((cause: Error) => {
    throw corrupt(source, `cannot be decoded: ${cause.message}`, cause);
  });
  if (unpacked.length < row * header.height)
    throw corrupt(source, `holds ${unpacked.length} bytes of pixels, ${row * header.height} were expected`);
}

function joined(bytes: Uint8Array, chunks: readonly Chunk[]): Uint8Array {
  return Buffer.concat([bytes.subarray(0, SIGNATURE.length), ...chunks.map(({ whole }) => whole)]);
}

/** Rows begin at whole bytes, the first pixel in the highest bits. */
function unpackBits(packed: ArrayLike<number>, { width, height, depth }: Header): Uint8Array {
  const data = new Uint8Array(width * height);
  const row = Math.ceil((width * depth) / 8);
  const mask = (1 << depth) - 1;
  for (let y = 0, write = 0; y < height; y++) {
    for (let x = 0; x < width; x++, write++) {
      const bit = x * depth;
      data[write] = (packed[y * row + (bit >> 3)]! >> (8 - depth - (bit & 7))) & mask;
    }
  }
  return data;
}

function colours(source: string): DifftapError {
  return new DifftapError("DATA_REFUSED", `${source} holds colours; a label map has one number per pixel`, {
    hint: "is it the picture of the labels? Take the file of indices, or turn each colour into its number",
    details: { source },
  });
}

function corrupt(source: string, reason: string, cause?: unknown): DifftapError {
  return new DifftapError("IMAGE_CORRUPT", `${source} ${reason}`, {
    hint: "copy or download the image again, or skip corrupt images",
    details: { source },
    ...(cause !== undefined && { cause }),
  });
}
