/** A split as a file: one image per line, named by `SPLIT.txt` in a folder of such lists. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import { shortList } from "./layout.js";
import { reading } from "./read-errors.js";
import { readLines } from "./read-file.js";

/**
 * The lines of `FOLDER/PREFIX` + split + `.txt`.
 * @throws DifftapError FILE_MISSING with the splits that are there; READ_FAILED; DATA_REFUSED for an empty list
 */
export async function splitLines(folder: string, split: string, prefix = ""): Promise<string[]> {
  const path = join(folder, `${prefix}${split}.txt`);
  if (split.includes("/") || !existsSync(path)) throw await unknownSplit(folder, split, prefix);
  const lines = await readLines(path);
  if (lines.length > 0) return lines;
  throw new DifftapError("DATA_REFUSED", `${path} lists no images`);
}

async function unknownSplit(folder: string, split: string, prefix: string): Promise<DifftapError> {
  const names = await reading(folder, () => readdir(folder));
  const splits = names
    .filter((name) => name.startsWith(prefix) && name.endsWith(".txt"))
    .map((name) => name.slice(prefix.length, -".txt".length));
  return new DifftapError("FILE_MISSING", `${folder} has no split ${JSON.stringify(split)}`, {
    hint: `there is ${shortList(splits)}`,
    details: { folder, split, splits },
  });
}
