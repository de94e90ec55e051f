/** A dataset's digest: sha256 over what tells its content apart, cheap to collect. */
import { createHash } from "node:crypto";

/**
 * Hashes fields in order; each is length-prefixed, so no two lists of fields run together.
 * @returns 64 hex digits.
 */
export function fingerprint(fields: Iterable<string | number>): string {
  const hash = createHash("sha256");
  for (const field of fields) {
    const text = String(field);
    hash.update(`${text.length}:${text};`);
  }
  return hash.digest("hex");
}
