/** Names for things: sha256, canonical JSON, 64-bit addresses of sample ids. */
import { createHash } from "node:crypto";
import { DifftapError } from "./errors.js";

/** sha256 in lower-case hexadecimal. */
export function sha256Hex(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * JSON with sorted keys and no blanks: equal values give equal text. Absent and undefined members are the same.
 * @throws DifftapError USAGE_INVALID for a value that JSON would drop or turn into null (NaN, a function, a bigint):
 * two different requests must not get one name.
 */
export function stableStringify(value: unknown): string {
  if (value === undefined) refuse("", value);
  return JSON.stringify(value, (key, inner: unknown) => {
    if (!holdsInJson(inner)) refuse(key, inner);
    return isPlain(inner) ? Object.fromEntries(Object.entries(inner).sort(byKey)) : inner;
  });
}

function holdsInJson(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "bigint" && typeof value !== "function" && typeof value !== "symbol";
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function refuse(key: string, value: unknown): never {
  const where = key === "" ? "a value" : `"${key}"`;
  throw new DifftapError("USAGE_INVALID", `${where} is ${String(value)}, which JSON cannot hold`, {
    hint: "use finite numbers, text, booleans, null, arrays and plain objects",
    details: { key },
  });
}

/** The first 64 bits of the sha256 of a sample's id: the index its random numbers are addressed by. */
export function hashId(id: string): bigint {
  return createHash("sha256").update(id).digest().readBigUInt64LE(0);
}
