/** TFRecord framing: length (uint64), its masked checksum, content, its masked checksum; all little-endian. */
import { maskedCrc32c } from "./crc32c.js";

const LENGTH_BYTES = 8;
const CHECKSUM_BYTES = 4;
const HEADER_BYTES = LENGTH_BYTES + CHECKSUM_BYTES;

export function frameRecord(content: Uint8Array): Uint8Array {
  const framed = new Uint8Array(HEADER_BYTES + content.length + CHECKSUM_BYTES);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(content.length), true);
  view.setUint32(LENGTH_BYTES, maskedCrc32c(framed.subarray(0, LENGTH_BYTES)), true);
  framed.set(content, HEADER_BYTES);
  view.setUint32(HEADER_BYTES + content.length, maskedCrc32c(content), true);
  return framed;
}
