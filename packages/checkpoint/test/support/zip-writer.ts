/** A small zip writer whose every field a test can falsify. */
import { crc32, deflateRawSync } from "node:zlib";

export interface Entry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly deflate?: boolean;
  /** Sizes and offset in zip64 extra fields. */
  readonly zip64?: boolean;
  /** Lies. */
  readonly crc?: number;
  readonly size?: number;
  readonly storedSize?: number;
  readonly method?: number;
  readonly flags?: number;
  readonly offset?: number;
}

export interface ZipOptions {
  /** Announced number of members. */
  readonly count?: number;
  /** zip64 end record and locator. */
  readonly zip64?: boolean;
}

const u16 = (value: number): Buffer => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: number): Buffer => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const ALL_ONES = 0xffffffff;

interface Fields {
  readonly method: number;
  readonly crc: number;
  readonly storedSize: number;
  readonly size: number;
}

export function zip(entries: readonly Entry[], options: ZipOptions = {}): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const stored = entry.deflate ? deflateRawSync(entry.bytes) : Buffer.from(entry.bytes);
    const fields = fieldsOf(entry, stored);
    const local = localHeader(entry, fields);
    bodies.push(local, stored);
    directory.push(centralHeader(entry, fields, entry.offset ?? offset));
    offset += local.length + stored.length;
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([
    ...bodies,
    central,
    endRecords(options.count ?? entries.length, central.length, offset, options),
  ]);
}

function fieldsOf(entry: Entry, stored: Buffer): Fields {
  return {
    method: entry.method ?? (entry.deflate ? 8 : 0),
    crc: entry.crc ?? crc32(entry.bytes),
    storedSize: entry.storedSize ?? stored.length,
    size: entry.size ?? entry.bytes.length,
  };
}

export function localHeader(
  { name, zip64, flags = 0 }: Entry,
  { method, crc, storedSize, size }: Fields,
): Buffer {
  const extra = zip64 ? Buffer.concat([u16(1), u16(16), u64(size), u64(storedSize)]) : Buffer.alloc(0);
  const sizes = zip64 ? [u32(ALL_ONES), u32(ALL_ONES)] : [u32(storedSize), u32(size)];
  return Buffer.concat([
    u32(0x04034b50),
    u16(45),
    u16(flags),
    u16(method),
    u32(0),
    u32(crc),
    ...sizes,
    u16(name.length),
    u16(extra.length),
    Buffer.from(name),
    extra,
  ]);
}

export function centralHeader(
  { name, zip64, flags = 0 }: Entry,
  { method, crc, storedSize, size }: Fields,
  offset: number,
): Buffer {
  const extra = zip64
    ? Buffer.concat([u16(1), u16(24), u64(size), u64(storedSize), u64(offset)])
    : Buffer.alloc(0);
  const sizes = zip64 ? [u32(ALL_ONES), u32(ALL_ONES)] : [u32(storedSize), u32(size)];
  return Buffer.concat([
    u32(0x02014b50),
    u16(45),
    u16(45),
    u16(flags),
    u16(method),
    u32(0),
    u32(crc),
    ...sizes,
    u16(name.length),
    u16(extra.length),
    u16(0),
    u16(0),
    u16(0),
    u32(0),
    u32(zip64 ? ALL_ONES : offset),
    Buffer.from(name),
    extra,
  ]);
}

export function endRecords(
  count: number,
  size: number,
  offset: number,
  { zip64 = false }: ZipOptions,
): Buffer {
  const record = [
    u32(0x06064b50),
    u64(44),
    u16(45),
    u16(45),
    u32(0),
    u32(0),
    u64(count),
    u64(count),
    u64(size),
    u64(offset),
  ];
  const locator = [u32(0x07064b50), u32(0), u64(offset + size), u32(1)];
  const large = zip64 ? [...record, ...locator] : [];
  const [shownCount, shownOffset] = zip64 ? [0xffff, ALL_ONES] : [count, offset];
  return Buffer.concat([
    ...large,
    u32(0x06054b50),
    u16(0),
    u16(0),
    u16(shownCount),
    u16(shownCount),
    u32(size),
    u32(shownOffset),
    u16(0),
  ]);
}
