/**
 * A zip archive whose stored members can be read at any offset. yauzl reads the directory; the bytes are ours to read,
 * because yauzl streams, leaves CRC-32 unchecked and knows no limits.
 */
import { promisify } from "node:util";
import { crc32, inflateRaw } from "node:zlib";
import { isDifftapError } from "@difftap/core";
import { fromRandomAccessReaderPromise, type ZipFile } from "yauzl";
import type { RandomAccessFile } from "../random-access-file.js";
import { refusal } from "../refuse.js";
import { ALWAYS_CHECKED_BYTES } from "./limits.js";
import { type Member, membersOf } from "./members.js";
import { PagedReader } from "./yauzl-reader.js";

const inflateRawAsync = promisify(inflateRaw);

export interface ZipArchive {
  readonly members: ReadonlyMap<string, Member>;
  /** A whole member, its CRC-32 checked. */
  readMember(member: Member): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Part of a member. Checked when the part is the whole, when the member is deflated or small; otherwise
   * only the part's bytes are read and cannot be checked, for the checksum covers the whole member.
   */
  readPart(member: Member, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** @throws DifftapError CHECKPOINT_REFUSED saying what is wrong with the archive. */
export async function openZip(file: RandomAccessFile): Promise<ZipArchive> {
  const reader = new PagedReader(file);
  const zip = await refusing(
    file,
    fromRandomAccessReaderPromise(reader, file.size, { lazyEntries: true, autoClose: false }),
  );
  const members = await refusing(file, membersOf(file.path, zip, file.size));
  reader.directoryIsRead();
  return {
    members,
    readMember: (member) => readWhole(file, zip, member),
    readPart: (member, offset, length) => readPart(file, zip, member, offset, length),
  };
}

async function readPart(
  file: RandomAccessFile,
  zip: ZipFile,
  member: Member,
  offset: number,
  length: number,
) {
  const whole = member.size === length;
  if (whole || member.deflated || member.size <= ALWAYS_CHECKED_BYTES) {
    const bytes = await readWhole(file, zip, member);
    return whole ? bytes : bytes.slice(offset, offset + length);
  }
  return file.read((await dataStart(file, zip, member)) + offset, length, `member ${member.name}`);
}

/** yauzl throws plain errors; ours pass through. */
async function refusing<T>({ path, size }: RandomAccessFile, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isDifftapError(error)) throw error;
    throw refusal(path, `not a readable zip archive of ${size} bytes: ${(error as Error).message}`, error);
  }
}

async function dataStart(file: RandomAccessFile, zip: ZipFile, member: Member): Promise<number> {
  const header = zip.readLocalFileHeaderPromise(member.entry, { minimal: true });
  const { fileDataStart } = await refusing(file, header);
  if (fileDataStart + member.storedSize > member.limit) {
    throw refusal(file.path, `member ${member.name} runs into the next one at byte ${member.limit}`);
  }
  return fileDataStart;
}

async function readWhole(
  file: RandomAccessFile,
  zip: ZipFile,
  member: Member,
): Promise<Uint8Array<ArrayBuffer>> {
  const start = await dataStart(file, zip, member);
  const stored = await file.read(start, member.storedSize, `member ${member.name}`);
  const bytes = member.deflated ? await inflate(file.path, member, stored) : stored;
  const found = crc32(bytes);
  if (found !== member.crc32) {
    throw refusal(
      file.path,
      `member ${member.name} is damaged: CRC-32 ${hex(found)}, expected ${hex(member.crc32)}`,
    );
  }
  return bytes;
}

async function inflate(path: string, member: Member, stored: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const inflated = await inflateRawAsync(stored, { maxOutputLength: Math.max(1, member.size) });
    if (inflated.length === member.size) return owned(inflated);
  } catch (error) {
    throw refusal(
      path,
      `member ${member.name} cannot be inflated to its ${member.size} bytes (${(error as Error).message})`,
      error,
    );
  }
  throw refusal(path, `member ${member.name} does not inflate to its ${member.size} bytes`);
}

/** zlib's buffer may be a window into a pool; element types need an aligned buffer of their own. */
function owned(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const whole = bytes.byteOffset === 0 && bytes.buffer.byteLength === bytes.length;
  return whole ? new Uint8Array(bytes.buffer as ArrayBuffer) : new Uint8Array(bytes);
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");
