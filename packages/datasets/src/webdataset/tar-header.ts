/**
 * One 512-byte tar header block (POSIX.1-1988 ustar, with GNU base-256 sizes).
 * Written here because no tar library tells at which offset a member's bytes lie, which is what lets an
 * uncompressed shard be read in place.
 */
import { DifftapError } from "@difftap/core";

export const BLOCK_BYTES = 512;

export interface TarHeader {
  readonly name: string;
  readonly size: number;
  /** The type flag: "0" regular file, "5" folder, "1" and "2" links, "x" pax record, "L" long name, … */
  readonly type: string;
}

/** True for the block of zeros that ends an archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Reads a header block.
 * @param where archive and offset, for messages
 * @throws DifftapError DATA_REFUSED when the checksum, a number or the name is wrong.
 */
export function parseHeader(block: Uint8Array, where: string): TarHeader {
  checkChecksum(block, where);
  const isUstar = ascii(block.subarray(257, 262)) === "ustar";
  const name = text(block.subarray(0, 100), where);
  const prefix = isUstar && block[262] === 0 ? text(block.subarray(345, 500), where) : "";
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size: number(block.subarray(124, 136), "size", where),
    type: block[156] === 0 ? "0" : String.fromCharCode(block[156] ?? 0),
  };
}

/** Bytes up to the first NUL as UTF-8. @throws DifftapError DATA_REFUSED */
export function text(field: Uint8Array, where: string): string {
  const end = field.indexOf(0);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(end === -1 ? field : field.subarray(0, end));
  } catch (cause) {
    throw refused(where, "a name is not UTF-8", cause);
  }
}

/** A DATA_REFUSED about an archive. */
export function refused(where: string, reason: string, cause?: unknown): DifftapError {
  return new DifftapError("DATA_REFUSED", `${where}: ${reason}`, { details: { where }, cause });
}

function checkChecksum(block: Uint8Array, where: string): void {
  const stated = number(block.subarray(148, 156), "checksum", where);
  let sum = 0;
  for (let i = 0; i < BLOCK_BYTES; i++) sum += i >= 148 && i < 156 ? 0x20 : (block[i] ?? 0);
  if (sum !== stated) throw refused(where, `no tar header here: its checksum is ${sum}, it states ${stated}`);
}

function number(field: Uint8Array, what: string, where: string): number {
  const value = (field[0] ?? 0) & 0x80 ? base256(field) : octal(ascii(field));
  if (!Number.isSafeInteger(value) || value < 0) throw refused(where, `the ${what} field is no number`);
  return value;
}

function base256(field: Uint8Array): number {
  if (field[0] !== 0x80) return Number.NaN; // 0xff starts a negative number
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
}

function octal(field: string): number {
  const digits = field.replace(/^ +/, "").replace(/[\0 ].*$/s, "");
  if (digits === "") return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

function ascii(field: Uint8Array): string {
  return String.fromCharCode(...field);
}
