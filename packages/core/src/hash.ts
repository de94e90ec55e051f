/** Names for things: sha256, canonical JSON, 64-bit addresses of sample ids. */
import { createHash } from "node:crypto";

/** sha256 in lower-case hexadecimal. */
export function sha256Hex(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** JSON with sorted keys and no blanks: equal values give equal text. */
export function stableStringify(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

/** The first 64 bits of the sha256 of a sample's id: the index its random numbers are addressed by. */
export function hashId(id: string): bigint {
  return createHash("sha256").update(id).digest().readBigUInt64LE(0);
}
