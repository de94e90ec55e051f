/** What tables call a map that a head reads. */
import type { ReadMap } from "@difftap/heads";

/** t10/b09, or t10/b09 (pass 2) of a head that reads two passes. */
export function mapTitle({ tap, pass }: ReadMap): string {
  return pass === undefined ? tap : `${tap} (pass ${pass})`;
}
