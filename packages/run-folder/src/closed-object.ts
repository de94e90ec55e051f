/** Objects that refuse keys they do not know, and name the key that was probably meant. */
import { nearest } from "@difftap/core";
import { z } from "zod";

/** An object schema in which an unknown key is an error with "did you mean". */
export function closedObject<S extends z.ZodRawShape>(shape: S) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? unknownKeys(issue.keys, known) : undefined),
  });
}

function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  return keys.map((key) => `unknown key "${key}", did you mean "${nearest(key, known)}"?`).join("; ");
}
