/** Small files for tests: a folder that is removed afterwards, images, IDX bytes, tar archives. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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
