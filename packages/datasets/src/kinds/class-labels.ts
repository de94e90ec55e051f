/** Labels as they are written in files → class indices and names. */
import { DifftapError } from "@difftap/core";
import { unlabelled } from "../dataset.js";
import { readText } from "../files/read-file.js";

export interface ClassLabels {
  readonly labels: Int32Array;
  readonly classes: readonly string[] | null;
}

/**
 * All numbers: class indices, named by `names` when given. Otherwise class names: looked up in `names`, else numbered in sorted order.
 * No label anywhere: every image `unlabelled`.
 * @param written one per image, null where there is none
 * @param source the dataset, for messages
 * @param idOf name of image i, for messages
 * @throws DifftapError LABELS_MISMATCH when some are missing, unknown or beyond `names`.
 */
export function resolveLabels(
  written: readonly (string | null)[],
  names: readonly string[] | null,
  source: string,
  idOf: (index: number) => string,
): ClassLabels {
  const missing = written.flatMap((label, index) => (label === null ? [index] : []));
  if (missing.length === written.length)
    return { labels: new Int32Array(written.length).fill(unlabelled), classes: names };
  if (missing.length > 0) throw missingLabels(source, missing, written.length, idOf);
  const given = written as readonly string[];
  if (given.every((label) => /^\d{1,9}$/.test(label)))
    return { labels: numbered(given, names, source, idOf), classes: names };
  const classes = names ?? [...new Set(given)].sort();
  const numberOf = new Map(classes.map((name, index) => [name, index]));
  const labels = Int32Array.from(given, (label, index) => {
    const number = numberOf.get(label);
    if (number !== undefined) return number;
    throw new DifftapError(
      "LABELS_MISMATCH",
      `${source}: ${idOf(index)} is of class ${JSON.stringify(label)}, which the class list does not have`,
      {
        hint: `the list has ${classes.length} classes: ${classes.slice(0, 8).join(", ")}${classes.length > 8 ? ", …" : ""}`,
        details: { id: idOf(index), label },
      },
    );
  });
  return { labels, classes };
}

/**
 * A class list: a JSON array of names, or an object with `classes`.
 * @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED when it is neither, or a name repeats.
 */
export async function readClassList(path: string): Promise<readonly string[]> {
  const value = parseJson(await readText(path), path);
  const list = Array.isArray(value) ? value : (value as { classes?: unknown } | null)?.classes;
  if (!Array.isArray(list) || !list.every((name) => typeof name === "string")) {
    throw new DifftapError("DATA_REFUSED", `${path} is no class list`, {
      hint: 'write ["name", …] or {"classes": ["name", …]}',
    });
  }
  if (new Set(list).size !== list.length)
    throw new DifftapError("DATA_REFUSED", `${path} names a class twice`);
  return list;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DifftapError("DATA_REFUSED", `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
}

function numbered(
  given: readonly string[],
  names: readonly string[] | null,
  source: string,
  idOf: (index: number) => string,
): Int32Array {
  return Int32Array.from(given, (label, index) => {
    const number = Number(label);
    if (names === null || number < names.length) return number;
    throw new DifftapError(
      "LABELS_MISMATCH",
      `${source}: ${idOf(index)} has label ${number}, the class list has ${names.length} classes (0 to ${names.length - 1})`,
      {
        details: { id: idOf(index), label: number, classes: names.length },
      },
    );
  });
}

function missingLabels(
  source: string,
  missing: readonly number[],
  total: number,
  idOf: (index: number) => string,
): DifftapError {
  const first = missing.slice(0, 3).map(idOf).join(", ");
  return new DifftapError(
    "LABELS_MISMATCH",
    `${source}: ${missing.length} of ${total} images have no label, such as ${first}`,
    {
      hint: "label every image, or none",
      details: { missing: missing.length, total, ids: missing.slice(0, 20).map(idOf) },
    },
  );
}
