/** Dividing the chunks of a store among processes. */
import { DifftapError } from "@difftap/core";

/** Shard `index` of `count`, from 0. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * The chunks [first, end) that a shard owns: contiguous, disjoint, together all of them, sizes differing by at most one.
 * @throws DifftapError USAGE_INVALID when the index is not in 0 … count − 1.
 */
export function shardChunks(totalChunks: number, { index, count }: Shard): [first: number, end: number] {
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(index) || index < 0 || index >= count) {
    throw new DifftapError("USAGE_INVALID", `shard ${index}/${count} does not exist`, {
      hint: "shards are written index/count, index from 0 to count − 1",
      details: { index, count },
    });
  }
  return [Math.floor((totalChunks * index) / count), Math.floor((totalChunks * (index + 1)) / count)];
}
