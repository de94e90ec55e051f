/** The central directory, held to limits before any member is read. */
import type { Entry, ZipFile } from "yauzl";
import { refusal } from "../refuse.js";
import { FREE_INFLATED_BYTES, MAX_INFLATED_BYTES, MAX_INFLATION_RATIO, MAX_MEMBERS } from "./limits.js";

export interface Member {
  readonly name: string;
  /** Bytes after inflating. */
  readonly size: number;
  /** Bytes in the file. */
  readonly storedSize: number;
  readonly deflated: boolean;
  readonly crc32: number;
  /** First byte that belongs to the next member, or the end of the file. */
  readonly limit: number;
  readonly entry: Entry;
}

const LOCAL_HEADER_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;

/** Every member by name. @throws DifftapError CHECKPOINT_REFUSED; yauzl's errors pass through. */
export async function membersOf(path: string, zip: ZipFile, fileSize: number): Promise<Map<string, Member>> {
  if (zip.entryCount > MAX_MEMBERS) {
    throw refusal(path, `zip archive announces ${zip.entryCount} members, the limit is ${MAX_MEMBERS}`);
  }
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) {
    requireReadable(path, entry);
    entries.push(entry);
  }
  return namedMembers(path, entries, limitsOf(path, entries, fileSize));
}

function requireReadable(path: string, entry: Entry): void {
  const where = `member ${entry.fileName}`;
  if (entry.isEncrypted()) throw refusal(path, `${where} is encrypted`);
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw refusal(
      path,
      `${where} is compressed by method ${entry.compressionMethod}; only stored and deflated are read`,
    );
  }
  if (entry.compressionMethod === DEFLATED) requireSaneInflation(path, where, entry);
}

function requireSaneInflation(
  path: string,
  where: string,
  { uncompressedSize, compressedSize }: Entry,
): void {
  const allowed = Math.max(FREE_INFLATED_BYTES, compressedSize * MAX_INFLATION_RATIO);
  if (uncompressedSize <= Math.min(allowed, MAX_INFLATED_BYTES)) return;
  throw refusal(
    path,
    `${where} would inflate from ${compressedSize} to ${uncompressedSize} bytes; the limit is ${Math.min(allowed, MAX_INFLATED_BYTES)}`,
  );
}

/** Where each entry's bytes must end. Overlapping members are how a small archive pretends to be a huge one. */
function limitsOf(path: string, entries: readonly Entry[], fileSize: number): Map<Entry, number> {
  const ordered = [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  const limits = new Map<Entry, number>();
  ordered.forEach((entry, position) => {
    const next = ordered[position + 1];
    const limit = next ? next.relativeOffsetOfLocalHeader : fileSize;
    const needed = entry.relativeOffsetOfLocalHeader + LOCAL_HEADER_BYTES + entry.compressedSize;
    if (needed > limit) {
      const reached = next ? `overlaps member ${next.fileName}` : `ends beyond the file's ${fileSize} bytes`;
      throw refusal(
        path,
        `member ${entry.fileName} (${entry.compressedSize} bytes at ${entry.relativeOffsetOfLocalHeader}) ${reached}`,
      );
    }
    limits.set(entry, limit);
  });
  return limits;
}

function namedMembers(
  path: string,
  entries: readonly Entry[],
  limits: Map<Entry, number>,
): Map<string, Member> {
  const members = new Map<string, Member>();
  for (const entry of entries) {
    if (members.has(entry.fileName))
      throw refusal(path, `zip archive has two members called ${entry.fileName}`);
    members.set(entry.fileName, {
      name: entry.fileName,
      size: entry.uncompressedSize,
      storedSize: entry.compressedSize,
      deflated: entry.compressionMethod === DEFLATED,
      crc32: entry.crc32,
      limit: limits.get(entry) as number,
      entry,
    });
  }
  return members;
}
