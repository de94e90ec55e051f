/** Representations of the same images side by side, read a few images at a time. */
import { DifftapError, elementCount, type NdArray, ndarray } from "@difftap/core";
import type { FeatureStore } from "@difftap/feature-store";
import { type Cell, cellName } from "./cell.js";
import { arrayOf } from "./split.js";

export interface Representations {
  readonly names: readonly string[];
  /** [rows.length, d] each. */
  read(rows: Uint32Array, signal?: AbortSignal): Promise<readonly NdArray<"float32">[]>;
}

/** Batches are drawn from anywhere in a store: so much of it is kept, as it lies on disk. */
const CACHE_BYTES = 2 ** 30;

/** Cells of a store. */
export async function storedRepresentations(
  store: FeatureStore,
  cells: readonly Cell[],
  pool: number | "map",
): Promise<Representations> {
  const arrays = cells.map((cell) => arrayOf(store, cell, pool));
  const reader = await store.rows(arrays, { cacheBytes: CACHE_BYTES });
  return {
    names: cells.map(cellName),
    async read(rows, signal) {
      const found = await reader.read(rows, signal);
      return arrays.map((name) => flat(found[name]!));
    },
  };
}

/** A matrix in memory. */
export function heldRepresentation(name: string, matrix: NdArray<"float32">): Representations {
  const width = matrix.shape[1]!;
  return {
    names: [name],
    read: async (rows) => {
      const taken = ndarray("float32", [rows.length, width]);
      rows.forEach((row, place) => {
        taken.data.set(matrix.data.subarray(row * width, (row + 1) * width), place * width);
      });
      return [taken];
    },
  };
}

export function together(sets: readonly Representations[]): Representations {
  return {
    names: sets.flatMap(({ names }) => names),
    read: async (rows, signal) => {
      const all: NdArray<"float32">[] = [];
      for (const set of sets) all.push(...(await set.read(rows, signal)));
      return all;
    },
  };
}

/** Rows that every store could read. @throws DifftapError USAGE_INVALID for stores of different numbers of images. */
export async function commonRows(stores: readonly FeatureStore[]): Promise<Uint32Array> {
  const counts = new Set(stores.map(({ samples }) => samples));
  if (counts.size > 1) {
    throw new DifftapError(
      "USAGE_INVALID",
      `stores of ${[...counts].join(" and ")} images are not of the same ones`,
    );
  }
  const valid = await Promise.all(stores.map((store) => store.valid()));
  const rows = Uint32Array.from({ length: stores[0]!.samples }, (_, row) => row);
  return rows.filter((row) => valid.every((each) => each[row] === 1));
}

const flat = ({ shape, data }: NdArray<"float32">) =>
  ndarray("float32", [shape[0]!, elementCount(shape.slice(1))], data);
