/** Little-endian reads over a pickle's bytes, each checked against their end. */
import { PickleFailure, PickleTruncated } from "./failure.js";
import { MAX_GLOBAL_NAME_BYTES, MAX_INTEGER_BYTES, MAX_STRING_BYTES } from "./limits.js";

const NEWLINE = 10;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder("latin1");

export class PickleReader {
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    public position: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves past `count` bytes and gives where they began. */
  private take(count: number): number {
    const at = this.position;
    if (at + count > this.bytes.length) {
      throw new PickleTruncated(
        `needs ${count} bytes at byte ${at}, but the pickle ends at ${this.bytes.length}`,
      );
    }
    this.position = at + count;
    return at;
  }

  uint8(): number {
    return this.view.getUint8(this.take(1));
  }

  uint16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  int32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** Counts beyond 2^53 come back rounded; every limit is far below. */
  uint64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  /** BINFLOAT is the one big-endian number of the format. */
  float64(): number {
    return this.view.getFloat64(this.take(8), false);
  }

  /** Two's complement of any width; a bigint only where a number would not be exact. */
  integer(width: number): number | bigint {
    if (width > MAX_INTEGER_BYTES)
      throw new PickleFailure(`integer of ${width} bytes, the limit is ${MAX_INTEGER_BYTES}`);
    const at = this.take(width);
    let value = 0n;
    for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[at + i] as number);
    const signed = BigInt.asIntN(width * 8, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  string(length: number): string {
    const at = this.position;
    const bytes = this.byteString(length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new PickleFailure(`text at byte ${at} is not UTF-8`);
    }
  }

  /** Python 2's `str`: bytes that are nearly always names. */
  latin1String(length: number): string {
    return latin1.decode(this.byteString(length));
  }

  byteString(length: number): Uint8Array {
    if (length > MAX_STRING_BYTES)
      throw new PickleFailure(`string of ${length} bytes, the limit is ${MAX_STRING_BYTES}`);
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A line of a GLOBAL, without its end. */
  line(): string {
    const at = this.position;
    const end = this.bytes.subarray(at, at + MAX_GLOBAL_NAME_BYTES).indexOf(NEWLINE);
    if (end >= 0) return this.string(end + 1).slice(0, -1);
    if (this.bytes.length - at >= MAX_GLOBAL_NAME_BYTES) {
      throw new PickleFailure(`global name at byte ${at} is over ${MAX_GLOBAL_NAME_BYTES} bytes`);
    }
    throw new PickleTruncated(`global name at byte ${at} has no end`);
  }
}
