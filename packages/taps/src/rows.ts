/** Which rows are to be computed, in batches that always hold the same rows at the same places. */
import { DifftapError } from "@difftap/core";
import type { RowRange } from "./batches.js";

/** Rows of the given chunks, neighbours joined: `[0, 1, 4]` of 10 rows each → rows 0…19 and 40…49. */
export function rowsOfChunks(
  chunks: readonly number[],
  { chunkSamples, samples }: { readonly chunkSamples: number; readonly samples: number },
): RowRange[] {
  const ranges: { start: number; count: number }[] = [];
  for (const chunk of [...chunks].sort((a, b) => a - b)) {
    const start = chunk * chunkSamples;
    const count = Math.min(chunkSamples, samples - start);
    const last = ranges.at(-1);
    if (last !== undefined && last.start + last.count === start) last.count += count;
    else ranges.push({ start, count });
  }
  return ranges;
}

/**
 * The rows of all ranges, one after another.
 * @throws DifftapError USAGE_INVALID unless every range starts and ends at a multiple of `batch` (or ends with the last row):
 * other cuts would put an image into another batch than an uninterrupted run does, and the result may differ in its last bit.
 */
export function alignedRows(ranges: readonly RowRange[], batch: number, samples: number): Uint32Array {
  let end = 0;
  for (const { start, count } of ranges) {
    const stop = start + count;
    const aligned = start % batch === 0 && (stop % batch === 0 || stop === samples);
    if (aligned && start >= end && count > 0 && stop <= samples) end = stop;
    else throw unaligned(start, stop, batch, samples);
  }
  const rows = new Uint32Array(ranges.reduce((sum, { count }) => sum + count, 0));
  let position = 0;
  for (const { start, count } of ranges)
    for (let row = start; row < start + count; row++) rows[position++] = row;
  return rows;
}

function unaligned(start: number, stop: number, batch: number, samples: number): DifftapError {
  return new DifftapError(
    "USAGE_INVALID",
    `rows ${start}…${stop - 1} are no whole batches of ${batch} within ${samples} rows`,
    {
      hint: "ranges ascend, are not empty, and start and end at multiples of the batch; choose chunks that are whole batches",
      details: { start, stop, batch, samples },
    },
  );
}
