/** A subset written as a file: one image id per line, as SimCLR's lists of ImageNet. */
import { DifftapError, nearest } from "@difftap/core";
import type { ImageDataset } from "../dataset.js";
import { readText } from "../files/read-file.js";

/** Ids compared for "did you mean"; beyond that the comparison would take seconds. */
const MAX_COMPARED = 20_000;

/**
 * Indices of the listed images, in the order of the list. A line is an id, or the last part of one where only one image has it.
 * Empty lines and lines that begin with "#" are passed over.
 * @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED naming the line of an unknown, ambiguous or repeated image
 */
export async function listedIndices(dataset: ImageDataset, path: string): Promise<Uint32Array> {
  const lines = (await readText(path)).split(/\r?\n/);
  const { byId, byName } = indexIds(dataset);
  const lineOf = new Map<number, number>();
  for (const [number, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const index = byId.get(line) ?? byName.get(line);
    if (index === undefined) throw unknownId(dataset, path, number + 1, line);
    if (index === null) throw badLine(path, number + 1, `${line} names several images; write whole ids`);
    const before = lineOf.get(index);
    if (before !== undefined) throw badLine(path, number + 1, `${line} is there already, on line ${before}`);
    lineOf.set(index, number + 1);
  }
  if (lineOf.size === 0)
    throw new DifftapError("DATA_REFUSED", `${path} lists no images`, {
      hint: "write one image id per line",
    });
  return Uint32Array.from(lineOf.keys());
}

interface Ids {
  readonly byId: ReadonlyMap<string, number>;
  /** By the last part of an id; null where several images share it. */
  readonly byName: ReadonlyMap<string, number | null>;
}

function indexIds(dataset: ImageDataset): Ids {
  const byId = new Map<string, number>();
  const byName = new Map<string, number | null>();
  for (let index = 0; index < dataset.length; index++) {
    const id = dataset.id(index);
    const name = id.slice(id.lastIndexOf("/") + 1);
    byId.set(id, index);
    byName.set(name, byName.has(name) ? null : index);
  }
  return { byId, byName };
}

function unknownId(dataset: ImageDataset, path: string, line: number, id: string): DifftapError {
  const ids = Array.from({ length: Math.min(dataset.length, MAX_COMPARED) }, (_, index) => dataset.id(index));
  return badLine(
    path,
    line,
    `${JSON.stringify(id)} is no image of ${dataset.name}; did you mean ${nearest(id, ids)}?`,
  );
}

function badLine(path: string, line: number, reason: string): DifftapError {
  return new DifftapError("DATA_REFUSED", `${path}, line ${line}: ${reason}`, { details: { path, line } });
}
