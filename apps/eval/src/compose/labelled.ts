/** One array of a store with its labels, rows that could not be read left out. */
import { DifftapError, elementCount, type LongWork, type NdArray, ndarray } from "@difftap/core";
import type { FeatureStore } from "@difftap/feature-store";

export interface LabelledRows {
  /** [n] */
  readonly labels: Int32Array;
  /** Row of each sample in the store. */
  readonly rows: Uint32Array;
}

export interface LabelledFeatures extends LabelledRows {
  /** [n, d]: maps are flattened. */
  readonly features: NdArray<"float32">;
}

/**
 * Reads one array with labels.
 * @throws DifftapError LABELS_MISMATCH when a readable image has no label.
 */
export async function readLabelled(
  store: FeatureStore,
  array: string,
  work: LongWork = {},
): Promise<LabelledFeatures> {
  return withFeatures(store, array, await readRows(store), work);
}

/** Which rows can be read, and their labels. @throws as `readLabelled` */
export async function readRows(store: FeatureStore): Promise<LabelledRows> {
  const read = await validRows(store);
  const unlabelled = read.labels.findIndex((label) => label < 0);
  if (unlabelled < 0) return read;
  const row = read.rows[unlabelled]!;
  const id = (await store.ids())[row];
  throw new DifftapError("LABELS_MISMATCH", `${id} in ${store.path} has no label`, {
    hint: "probes need a class for every image: use a labelled data set",
    details: { row, id },
  });
}

/** The same for images with or without labels; those without have −1. */
export async function readValid(
  store: FeatureStore,
  array: string,
  work: LongWork = {},
): Promise<LabelledFeatures> {
  return withFeatures(store, array, await validRows(store), work);
}

async function validRows(store: FeatureStore): Promise<LabelledRows> {
  const [labels, valid] = [await store.labels(), await store.valid()];
  const rows = Uint32Array.from(valid.keys()).filter((row) => valid[row] === 1);
  return { labels: Int32Array.from(rows, (row) => labels[row]!), rows };
}

async function withFeatures(
  store: FeatureStore,
  array: string,
  { labels, rows }: LabelledRows,
  work: LongWork,
): Promise<LabelledFeatures> {
  return { features: pick(await store.readAll(array, work), rows), labels, rows };
}

function pick(all: NdArray<"float32">, rows: Uint32Array): NdArray<"float32"> {
  const width = elementCount(all.shape.slice(1));
  if (rows.length === all.shape[0]) return ndarray("float32", [rows.length, width], all.data);
  const picked = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    picked.set(all.data.subarray(row * width, (row + 1) * width), index * width);
  });
  return ndarray("float32", [rows.length, width], picked);
}

/** Number of classes: the names' count, or one more than the largest label of the training set. */
export function classCount(names: readonly string[] | null, labels: Int32Array): number {
  return names?.length ?? labels.reduce((largest, label) => Math.max(largest, label), -1) + 1;
}
