/** Folders that have to look as a dataset is published. */
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import { reading } from "./read-errors.js";

/** A published layout, for checks and messages. */
export interface Layout {
  /** Name of the dataset. */
  readonly of: string;
  /** Its files and folders, as a person would list them. */
  readonly expected: readonly string[];
}

/**
 * @param needed paths below `root` that must be there
 * @throws DifftapError FILE_MISSING when `root` is not there; DATA_REFUSED naming what is missing, with the whole layout
 */
export async function requireLayout(root: string, needed: readonly string[], layout: Layout): Promise<void> {
  const there = await reading(root, () => readdir(root));
  for (const path of needed) {
    const found = await access(join(root, path)).then(
      () => true,
      () => false,
    );
    if (!found) throw otherLayout(root, `${path} is missing (there is ${shortList(there)})`, layout);
  }
}

export function otherLayout(root: string, reason: string, layout: Layout): DifftapError {
  return new DifftapError("DATA_REFUSED", `${root} is not laid out as ${layout.of}: ${reason}`, {
    hint: `expected ${layout.expected.join(", ")}`,
    details: { root, expected: layout.expected },
  });
}

/** A few names, for messages. */
export function shortList(names: readonly string[]): string {
  if (names.length === 0) return "nothing";
  const shown = [...names].sort().slice(0, 8).join(", ");
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}
