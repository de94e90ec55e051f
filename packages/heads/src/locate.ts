/** Where the module behind a name or path lies: a file, the entry of a folder's package, or of an installed package. */
import { readFile, stat } from "node:fs/promises";
import { isAbsolute, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { DifftapError, nearest } from "@difftap/core";
import { resolve as resolveModule } from "import-meta-resolve";

export interface Place {
  /** A folder. */
  readonly from: string;
  /** Names that were meant, perhaps. */
  readonly known: readonly string[];
}

/**
 * The URL to import. Paths are absolute or begin with a dot; everything else is a package's name.
 * @throws DifftapError FILE_MISSING, CONFIG_INVALID.
 */
export function locateModule(nameOrPath: string, { from, known }: Place): Promise<string> {
  const isPath = isAbsolute(nameOrPath) || /^\.{1,2}([/\\]|$)/.test(nameOrPath);
  return isPath ? locatePath(resolve(from, nameOrPath)) : locatePackage(nameOrPath, { from, known });
}

async function locatePath(path: string): Promise<string> {
  const found = await stat(path).catch((cause) => refuseMissing(path, cause));
  return found.isDirectory() ? entryOf(path) : pathToFileURL(path).href;
}

async function entryOf(folder: string): Promise<string> {
  const file = join(folder, "package.json");
  const text = await readFile(file, "utf8").catch((cause) => refuseMissing(file, cause));
  const { name, exports, main = "index.js" } = parseManifest(file, text);
  if (exports === undefined) return pathToFileURL(join(folder, main)).href;
  // A package may import itself by name, which reads its "exports" as Node does.
  return resolveFrom(pathToFileURL(file).href, name ?? "", file);
}

interface Manifest {
  readonly name?: string;
  readonly main?: string;
  readonly exports?: unknown;
}

function parseManifest(file: string, text: string): Manifest {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DifftapError("CONFIG_INVALID", `${file} is not JSON`, { hint: "mend the file", cause });
  }
}

function resolveFrom(parent: string, name: string, file: string): string {
  try {
    return resolveModule(name, parent);
  } catch (cause) {
    throw new DifftapError("CONFIG_INVALID", `${file} does not say where the package "${name}" begins`, {
      hint: 'give it a "name" and an "exports" or "main" that names its entry',
      cause,
    });
  }
}

async function locatePackage(name: string, { from, known }: Place): Promise<string> {
  try {
    return resolveModule(name, pathToFileURL(resolve(from) + sep).href);
  } catch (cause) {
    const installed = (cause as { code?: string }).code !== "ERR_MODULE_NOT_FOUND";
    const problem = installed
      ? `package "${name}" has no entry: ${(cause as Error).message}`
      : `there is no head named "${name}", and no package of that name can be imported from ${from}`;
    throw new DifftapError("CONFIG_INVALID", problem, {
      hint: `did you mean "${nearest(name, known)}"? Known: ${known.join(", ")}. A path begins with ./ or /`,
      details: { name, known, from },
      cause,
    });
  }
}

function refuseMissing(path: string, cause: unknown): never {
  throw new DifftapError("FILE_MISSING", `${path} is not there`, {
    hint: "name a JavaScript file, or a folder with a package.json, whose default export is defineHead(…)",
    details: { path },
    cause,
  });
}
