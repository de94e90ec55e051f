/** Tables of two columns as fine-grained sets have them: a name, a blank, and what belongs to it. */
import { DifftapError } from "@difftap/core";
import { readLines } from "../files/read-file.js";

/**
 * The second column by the first, in the order of the file; lines that begin with "#" are passed over.
 * @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED for a line with one column, or a name that is there twice
 */
export async function readTable(path: string): Promise<ReadonlyMap<string, string>> {
  const table = new Map<string, string>();
  for (const line of await readLines(path)) {
    if (line.startsWith("#")) continue;
    const [, name, value] = /^(\S+)\s+(.+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw refused(path, `${JSON.stringify(line)} has one column`);
    if (table.has(name)) throw refused(path, `${name} is there twice`);
    table.set(name, value);
  }
  return table;
}

/** @throws DifftapError DATA_REFUSED when the table does not have the name. */
export function lookUp(table: ReadonlyMap<string, string>, name: string, path: string): string {
  const value = table.get(name);
  if (value !== undefined) return value;
  throw refused(path, `${name} is not there`);
}

function refused(path: string, reason: string): DifftapError {
  return new DifftapError("DATA_REFUSED", `${path}: ${reason}`, {
    hint: "copy or download the file again",
    details: { path },
  });
}
