/**
 * The two Zarr codecs that zarrita cannot write, and one of which it does not check.
 * `crc32c` (Zarr v3 core codec): four little-endian bytes after the data, verified on every read.
 * `vlen-utf8`: a count, then each string as its length in bytes and its UTF-8, all uint32 little-endian.
 */
import { crc32c } from "@node-rs/crc32";
import { registry } from "zarrita";

const checksumBytes = 4;

/** Appends the checksum. */
function appendChecksum(bytes: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(bytes.byteLength + checksumBytes);
  sealed.set(bytes);
  new DataView(sealed.buffer).setUint32(bytes.byteLength, crc32c(bytes), true);
  return sealed;
}

/**
 * Checks and removes the checksum; the result is a view, not a copy.
 * @throws Error when the bytes are too few or were changed.
 */
export function checkChecksum(sealed: Uint8Array): Uint8Array {
  const length = sealed.byteLength - checksumBytes;
  if (length < 0) throw new Error(`${sealed.byteLength} bytes cannot hold a checksum`);
  const bytes = sealed.subarray(0, length);
  const stored = new DataView(sealed.buffer, sealed.byteOffset + length).getUint32(0, true);
  const computed = crc32c(bytes);
  if (stored !== computed) throw new Error(`the checksum is ${hex(computed)}, the file says ${hex(stored)}`);
  return bytes;
}

const hex = (value: number) => value.toString(16).padStart(8, "0");

/** Encodes strings as `vlen-utf8`. */
export function encodeStrings(strings: readonly string[]): Uint8Array {
  const encoded = strings.map((string) => Buffer.from(string, "utf8"));
  const bytes = new Uint8Array(encoded.reduce((sum, one) => sum + 4 + one.byteLength, 4));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, strings.length, true);
  let position = 4;
  for (const one of encoded) {
    view.setUint32(position, one.byteLength, true);
    bytes.set(one, position + 4);
    position += 4 + one.byteLength;
  }
  return bytes;
}

/**
 * Decodes `vlen-utf8`.
 * @throws Error when a length points outside the bytes, or bytes are left over.
 */
export function decodeStrings(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.byteLength < 4 ? Number.POSITIVE_INFINITY : view.getUint32(0, true);
  if (count * 4 > bytes.byteLength - 4)
    throw new Error(`${bytes.byteLength} bytes cannot hold ${count} strings`);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const strings: string[] = [];
  let position = 4;
  while (strings.length < count) {
    const end =
      position + 4 <= bytes.byteLength
        ? position + 4 + view.getUint32(position, true)
        : Number.POSITIVE_INFINITY;
    if (end > bytes.byteLength) throw new Error(`string ${strings.length} ends behind the last byte`);
    strings.push(decoder.decode(bytes.subarray(position + 4, end)));
    position = end;
  }
  if (position !== bytes.byteLength)
    throw new Error(`${bytes.byteLength - position} bytes follow the last string`);
  return strings;
}

const checkedCrc32c = {
  fromConfig: () => ({ kind: "bytes_to_bytes", encode: appendChecksum, decode: checkChecksum }),
};

const writableStrings = {
  fromConfig: (_: unknown, { shape }: { shape: number[] }) => ({
    kind: "array_to_bytes",
    encode: (chunk: { data: readonly string[] }) => encodeStrings(chunk.data),
    decode: (bytes: Uint8Array) => ({ data: decodeStrings(bytes), shape, stride: [1] }),
  }),
};

/** Puts both codecs into zarrita's registry, in place of its own. Calling it again changes nothing. */
export function registerCodecs(): void {
  type Entry = NonNullable<ReturnType<typeof registry.get>>;
  registry.set("crc32c", (async () => checkedCrc32c) as unknown as Entry);
  registry.set("vlen-utf8", (async () => writableStrings) as unknown as Entry);
}
