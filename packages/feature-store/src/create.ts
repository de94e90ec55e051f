/** Making the folder of a store, or entering one that is already there. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DifftapError, type FileSystem, stableStringify, TEMPORARY_SUFFIX, writeFailed } from "@difftap/core";
import type { StoreDescription } from "./description.js";
import { refuseMismatch } from "./differences.js";
import { readIfThere, writeSame } from "./folder.js";
import { groupMetadata, nodeFiles } from "./layout.js";
import { parseRoot, type RootMetadata, rootText } from "./root-metadata.js";

/** The one file that holds times; two stores of equal input differ in nothing else. */
export const timesFile = join("times", "zarr.json");

/**
 * The root metadata of a folder.
 * @throws DifftapError STORE_CORRUPT, UNSUPPORTED, READ_FAILED.
 */
export async function readRoot(root: string): Promise<RootMetadata | undefined> {
  const file = join(root, "zarr.json");
  const bytes = await readIfThere(file);
  return bytes === undefined ? undefined : parseRoot(file, Buffer.from(bytes).toString("utf8"));
}

/**
 * Makes the store's folders and metadata, root first: from then on the folder belongs to this request, and whatever a crash
 * left out follows from the root. Several processes may do this at once.
 * @throws DifftapError STORE_MISMATCH, STORE_CORRUPT, WRITE_FAILED, READ_FAILED.
 */
export async function enterStore(
  root: string,
  asked: StoreDescription,
  fileSystem?: FileSystem,
): Promise<RootMetadata> {
  const there = await readRoot(root);
  if (there !== undefined) refuseMismatch(root, there.description, asked);
  else await claim(root, asked, fileSystem);
  // Another process may have claimed the folder in the same moment: what lies there now decides.
  const found = await readRoot(root);
  if (found === undefined)
    throw new DifftapError("WRITE_FAILED", `${join(root, "zarr.json")} vanished after it was written`);
  refuseMismatch(root, found.description, asked);
  for (const [file, text] of nodeFiles(found.description))
    await ensureFile(join(root, file), text, fileSystem);
  await ensureTimes(root, fileSystem);
  return found;
}

async function claim(root: string, asked: StoreDescription, fileSystem?: FileSystem): Promise<void> {
  const strangers = await entriesOf(root);
  // Claimed by another process since we looked: the caller reads what it wrote.
  if (strangers.includes("zarr.json")) return;
  if (strangers.length > 0) {
    throw new DifftapError(
      "STORE_MISMATCH",
      `${root} is not empty and is no feature store: it holds ${strangers.slice(0, 3).join(", ")}`,
      {
        hint: "give a folder of its own, which may be missing or empty",
        details: { root, entries: strangers },
      },
    );
  }
  await writeSame(join(root, "zarr.json"), rootText(asked, false), fileSystem);
}

/** What lies in a folder, temporary files of a crash aside; nothing when it does not exist. */
async function entriesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.endsWith(TEMPORARY_SUFFIX));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw writeFailed(folder, cause);
  }
}

async function ensureFile(file: string, text: string, fileSystem?: FileSystem): Promise<void> {
  const there = await readIfThere(file);
  if (there === undefined) return writeSame(file, text, fileSystem);
  checkNode(file, there, text);
}

/** @throws DifftapError STORE_CORRUPT when a node's metadata is not what the root says it is. */
export function checkNode(file: string, bytes: Uint8Array, expected: string): void {
  if (sameJson(Buffer.from(bytes).toString("utf8"), expected)) return;
  throw new DifftapError("STORE_CORRUPT", `${file} is not the metadata that the store's root describes`, {
    hint: "delete this file and run the same extraction again: it is written anew",
    details: { file },
  });
}

function sameJson(text: string, expected: string): boolean {
  if (text === expected) return true;
  try {
    return stableStringify(JSON.parse(text)) === expected;
  } catch {
    return false;
  }
}

async function ensureTimes(root: string, fileSystem?: FileSystem): Promise<void> {
  const file = join(root, timesFile);
  if ((await readIfThere(file)) !== undefined) return;
  await writeSame(file, stableStringify(groupMetadata({ created: new Date().toISOString() })), fileSystem);
}
