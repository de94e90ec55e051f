/** Writes zip archives of stored members, each aligned as torch.save aligns its storages, with zip64 where sizes need it. */
import { crc32 } from "node:zlib";

export interface StoredMember {
  readonly name: string;
  /** Exactly what `read` gives. */
  readonly size: number;
  read(): Promise<Uint8Array>;
}

/** A storage begins at a multiple of this, so that PyTorch can map the file into memory. */
const ALIGNMENT = 64;
const LOCAL_HEADER_BYTES = 30;
/** "FB": how PyTorch names the field that it pads with. */
const PADDING_ID = 0x4246;
const VERSION = 45;
/** Sizes and offsets from here on stand in zip64 fields. */
const ALL_ONES = 0xffffffff;
const MOST_COUNTED = 0xffff;
/** Names are UTF-8. */
const FLAGS = 0x0800;

interface Written {
  readonly name: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

/** The archive piece by piece; one member is held at a time. */
export async function* zipPieces(members: Iterable<StoredMember>): AsyncGenerator<Uint8Array> {
  const written: Written[] = [];
  let offset = 0;
  for (const { name, size, read } of members) {
    const bytes = await read();
    const member = { name: Buffer.from(name), crc: crc32(bytes), size, offset };
    const header = localHeader(member);
    yield header;
    yield bytes;
    written.push(member);
    offset += header.length + size;
  }
  const directory = Buffer.concat(written.map(centralHeader));
  yield directory;
  yield endOfArchive(written.length, directory.length, offset);
}

const u16 = (...values: number[]) => Buffer.from(Uint16Array.from(values).buffer);
const u32 = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
const u64 = (...values: number[]) => Buffer.from(BigUint64Array.from(values, BigInt).buffer);

const small = (value: number) => Math.min(value, ALL_ONES);

function localHeader(member: Written): Buffer {
  const { name, crc, size, offset } = member;
  const wide = size >= ALL_ONES ? Buffer.concat([u16(1, 16), u64(size, size)]) : Buffer.alloc(0);
  const front = offset + LOCAL_HEADER_BYTES + name.length + wide.length + 4;
  const padding = Buffer.alloc((ALIGNMENT - (front % ALIGNMENT)) % ALIGNMENT, "Z");
  const extra = Buffer.concat([wide, u16(PADDING_ID, padding.length), padding]);
  return Buffer.concat([
    u32(0x04034b50),
    u16(VERSION, FLAGS, 0, 0, 0),
    u32(crc, small(size), small(size)),
    u16(name.length, extra.length),
    name,
    extra,
  ]);
}

function centralHeader({ name, crc, size, offset }: Written): Buffer {
  const wide = size >= ALL_ONES || offset >= ALL_ONES;
  const extra = wide ? Buffer.concat([u16(1, 24), u64(size, size, offset)]) : Buffer.alloc(0);
  const shown = wide ? [ALL_ONES, ALL_ONES, ALL_ONES] : [size, size, offset];
  return Buffer.concat([
    u32(0x02014b50),
    u16(VERSION, VERSION, FLAGS, 0, 0, 0),
    u32(crc, shown[0]!, shown[1]!),
    u16(name.length, extra.length, 0, 0, 0),
    u32(0, shown[2]!),
    name,
    extra,
  ]);
}

function endOfArchive(count: number, size: number, offset: number): Buffer {
  const counted = Math.min(count, MOST_COUNTED);
  const end = [u32(0x06054b50), u16(0, 0, counted, counted), u32(small(size), small(offset)), u16(0)];
  if (count < MOST_COUNTED && offset < ALL_ONES) return Buffer.concat(end);
  const record = [
    u32(0x06064b50),
    u64(44),
    u16(VERSION, VERSION),
    u32(0, 0),
    u64(count, count, size, offset),
  ];
  const locator = [u32(0x07064b50, 0), u64(offset + size), u32(1)];
  return Buffer.concat([...record, ...locator, ...end]);
}
