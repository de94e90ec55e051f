/** Whole maps of some images, at some cells. */
import { elementCount, type NdArray, ndarray } from "@difftap/core";
import { describeTap } from "@difftap/heads";
import { type NamedImages, openMapReader } from "../dense/map-reader.js";
import type { Cell } from "./cell.js";
import type { AnalysisSession } from "./session.js";

/** [N, C, h, w] by the cells' names. */
export type ReadMaps = (images: NamedImages) => Promise<Record<string, NdArray<"float32">>>;

/** Prepares the network for the cells, hands its reader to `use` and closes it, whatever happens. Needs images. */
export async function withMaps<T>(
  { runtime, size, settings, network }: AnalysisSession,
  cells: readonly Cell[],
  use: (read: ReadMaps) => Promise<T>,
): Promise<T> {
  const square = { height: size, width: size };
  const taps = cells.map((cell) => describeTap(network.blocks, { ...cell, pool: "map", size: square }));
  const reader = openMapReader({ runtime: runtime!, taps });
  try {
    return await use((images) => reader.read(images, settings.seed));
  } finally {
    await reader.close();
  }
}

/** One image or map of a batch. */
export function imageOf({ shape, data }: NdArray<"float32">, row: number): NdArray<"float32"> {
  const own = shape.slice(1);
  const length = elementCount(own);
  return ndarray("float32", own, data.subarray(row * length, (row + 1) * length));
}
