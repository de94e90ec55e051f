/** Small files for tests: a folder that is removed afterwards, images, IDX bytes, tar archives. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { isDifftapError } from "@difftap/core";
import sharp from "sharp";
import { afterAll } from "vitest";
import { type ImageDataset, openDataset } from "../src/index.js";

/** A new folder, removed when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "difftap-datasets-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file and the folders above it. */
export function write(folder: string, name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** A PNG, JPEG or WebP of one colour. */
export function image(
  colour: readonly number[],
  size = 4,
  format: "png" | "jpeg" | "webp" = "png",
): Promise<Buffer> {
  const [r = 0, g = 0, b = 0] = colour;
  return sharp({ create: { width: size, height: size, channels: 3, background: { r, g, b } } })
    .toFormat(format, { quality: 100 })
    .toBuffer();
}

export const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** zlib has one of its own only from Node 22 on. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

export interface IndexPng {
  readonly width: number;
  readonly values: readonly number[];
  /** Bits per value: 8 unless given. */
  readonly depth?: number;
  /** With a palette, whose colours nobody reads; grey without. */
  readonly palette?: boolean;
  readonly extra?: readonly Buffer[];
}

/** A PNG of numbers, rows without filter. */
export function indexPng({ width, values, depth = 8, palette = false, extra = [] }: IndexPng): Buffer {
  const height = values.length / width;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, palette ? 3 : 0, 0, 0, 0], 8);
  const rows = Array.from({ length: height }, (_, y) => {
    const bits = values
      .slice(y * width, (y + 1) * width)
      .map((value) => value.toString(2).padStart(depth, "0"));
    const bytes = bits
      .join("")
      .match(/.{1,8}/g)!
      .map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
    return Buffer.from([0, ...bytes]);
  });
  return Buffer.concat([
    pngSignature,
    pngChunk("IHDR", header),
    ...extra,
    ...(palette ? [pngChunk("PLTE", Buffer.alloc(3 * 2 ** depth, 200))] : []),
    pngChunk("IDAT", deflateSync(Buffer.concat(rows))),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

/** An IDX file of unsigned bytes. */
export function idxBytes(
  shape: readonly number[],
  values: ArrayLike<number>,
  magic = 0x0800 | shape.length,
): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(magic);
  for (const [i, side] of shape.entries()) header.writeUInt32BE(side, 4 + 4 * i);
  return Buffer.concat([header, Uint8Array.from(values)]);
}

export interface TarMember {
  readonly name: string;
  readonly content?: Uint8Array | string;
  readonly type?: string;
  readonly link?: string;
  /** What the header says, when not the content's length. */
  readonly size?: number;
}

/** A tar archive with exactly the headers asked for, honest or not. */
export function tarBytes(members: readonly TarMember[], end = true): Buffer {
  const parts = members.flatMap((member) => {
    const content = Buffer.from(member.content ?? "");
    return [tarHeader(member, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat(end ? [...parts, Buffer.alloc(1024)] : parts);
}

function tarHeader({ name, type = "0", link = "", size }: TarMember, length: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write("0000644\0", 100);
  header.write(`${(size ?? length).toString(8).padStart(11, "0")}\0`, 124);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write("ustar\x0000", 257, "latin1");
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/** The DifftapError a promise fails with, as `CODE: message | hint`; fails the test for any other outcome. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  const outcome = await promise.then(
    () => "no error",
    (error: unknown) => error,
  );
  if (isDifftapError(outcome)) return `${outcome.code}: ${outcome.message} | ${outcome.hint ?? ""}`;
  throw new Error(`expected a DifftapError, got ${String(outcome)}`);
}

/** Opens a dataset and closes it when the test file is done. */
export async function opened(spec: Parameters<typeof openDataset>[0]): Promise<ImageDataset> {
  const dataset = await openDataset(spec);
  afterAll(() => dataset.close?.());
  return dataset;
}
