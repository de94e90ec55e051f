/**
 * The regular files of a tar archive, in order, without extracting anything.
 * Long names (GNU "L", pax "path") and pax sizes are understood; links, devices, sparse files, absolute names and
 * names with ".." are refused, so that nothing in an archive can speak of a file outside it.
 */
import { MAX_TAR_ENTRIES, MAX_TAR_NAME_BYTES, MAX_TAR_RECORD_BYTES } from "../limits.js";
import { BLOCK_BYTES, isZeroBlock, parseHeader, refused, type TarHeader, text } from "./tar-header.js";
import type { TarInput } from "./tar-input.js";

export interface TarEntry {
  readonly name: string;
  readonly size: number;
  /** Where the member's bytes begin in the (unpacked) archive. */
  readonly offset: number;
  /** The member's bytes; only before the next entry is asked for. */
  body(): Promise<Uint8Array>;
}

const kinds: Readonly<Record<string, string>> = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a character device",
  "4": "a block device",
  "6": "a named pipe",
  S: "a sparse file",
};

/**
 * Walks an archive.
 * @throws DifftapError DATA_REFUSED, naming archive and member, for anything malformed, hostile or truncated.
 */
export async function* tarEntries(input: TarInput): AsyncGenerator<TarEntry> {
  let overrides: Overrides = {};
  for (let count = 0; ; count++) {
    if (count > MAX_TAR_ENTRIES) throw refused(input.path, `more than ${MAX_TAR_ENTRIES} members`);
    if (await input.atEnd()) throw refused(input.path, "the archive is truncated: its end mark is missing");
    const where = `${input.path} at byte ${input.position}`;
    const block = await input.take(BLOCK_BYTES);
    if (isZeroBlock(block)) return;
    const header = parseHeader(block, where);
    if (isRecord(header.type)) {
      overrides = { ...overrides, ...(await readRecord(input, header, where)) };
      continue;
    }
    const entry = checkedEntry(input, { ...header, ...overrides });
    overrides = {};
    if (entry === null) continue;
    let taken = false;
    const end = entry.offset + entry.size + padding(entry.size);
    yield {
      ...entry,
      body: async () => {
        if (taken || input.position !== entry.offset)
          throw refused(input.path, `${entry.name} was read twice`);
        taken = true;
        return input.take(entry.size);
      },
    };
    await input.skip(end - input.position);
  }
}

interface Overrides {
  name?: string;
  size?: number;
}

function isRecord(type: string): boolean {
  return type === "x" || type === "g" || type === "L" || type === "K";
}

/** A member of a known, harmless kind; null for folders. */
function checkedEntry(input: TarInput, header: TarHeader): Omit<TarEntry, "body"> | null {
  const where = `${input.path}, member ${JSON.stringify(header.name)}`;
  checkName(header.name, where);
  if (header.type === "5") {
    if (header.size !== 0) throw refused(where, "a folder with content");
    return null;
  }
  if (header.type !== "0" && header.type !== "7") {
    throw refused(
      where,
      `${kinds[header.type] ?? `type ${JSON.stringify(header.type)}`}; only regular files are read`,
    );
  }
  return { name: header.name.replace(/^(\.\/)+/, ""), size: header.size, offset: input.position };
}

function checkName(name: string, where: string): void {
  if (name === "" || name.includes("\0")) throw refused(where, "the name is empty or holds a NUL");
  if (Buffer.byteLength(name) > MAX_TAR_NAME_BYTES)
    throw refused(where, `the name is over ${MAX_TAR_NAME_BYTES} bytes`);
  if (/^([/\\]|[A-Za-z]:)/.test(name)) throw refused(where, "the name is absolute");
  if (name.split(/[/\\]/).includes("..")) throw refused(where, 'the name leaves the archive by ".."');
}

async function readRecord(input: TarInput, header: TarHeader, where: string): Promise<Overrides> {
  if (header.size > MAX_TAR_RECORD_BYTES) throw refused(where, `a name record of ${header.size} bytes`);
  const bytes = await input.take(header.size);
  await input.skip(padding(header.size));
  if (header.type === "K") return {};
  if (header.type === "L") return { name: text(bytes, where) };
  const overrides = paxOverrides(bytes, where);
  if (header.type === "x") return overrides;
  if (Object.keys(overrides).length > 0)
    throw refused(where, "a global record that renames or resizes every member");
  return {};
}

/** `LENGTH KEY=VALUE\n` records; LENGTH counts the whole record in bytes. */
function paxOverrides(bytes: Uint8Array, where: string): Overrides {
  const overrides: Overrides = {};
  for (let start = 0; start < bytes.length; ) {
    const space = bytes.indexOf(0x20, start);
    const digits = space === -1 ? "" : text(bytes.subarray(start, space), where);
    const length = /^[1-9][0-9]{0,5}$/.test(digits) ? Number(digits) : 0;
    if (length < digits.length + 2 || start + length > bytes.length)
      throw refused(where, "a malformed pax record");
    const [key, value] = splitOnce(text(bytes.subarray(space + 1, start + length - 1), where));
    if (key === "path") overrides.name = value;
    if (key === "size") overrides.size = paxSize(value, where);
    if (key.startsWith("GNU.sparse")) throw refused(where, "a sparse file; only regular files are read");
    start += length;
  }
  return overrides;
}

function paxSize(value: string, where: string): number {
  const size = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw refused(where, `a pax size of ${JSON.stringify(value)}`);
  return size;
}

function splitOnce(record: string): [string, string] {
  const equals = record.indexOf("=");
  return equals === -1 ? [record, ""] : [record.slice(0, equals), record.slice(equals + 1)];
}

function padding(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}
