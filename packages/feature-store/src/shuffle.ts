/**
 * Random orders in which reading stays cheap. A random row costs a whole chunk; here chunks come in random order, some of them together,
 * and the rows of those are mixed, as the shuffle buffers of WebDataset and tf.data do.
 */
import { DifftapError, permutation, type RandomAddress } from "@difftap/core";
import { chunkCount, chunkRows } from "./layout.js";

export interface ShuffleOptions {
  /** Chunks whose rows are mixed; 16 unless given. A reader that keeps that many reads each chunk once. */
  readonly chunksTogether?: number;
}

const defaultChunksTogether = 16;

/** The bits of a stream that are free for finer addresses begin here. */
const FINER = 256;

/**
 * Every row of a store once. The same address gives the same order; with all chunks together it is that of `permutation`.
 * @throws DifftapError USAGE_INVALID when `chunksTogether` is no whole number above 0.
 */
export function shuffleByChunk(
  store: { readonly samples: number; readonly chunkSamples: number },
  address: RandomAddress,
  { chunksTogether = defaultChunksTogether }: ShuffleOptions = {},
): Uint32Array {
  if (!Number.isInteger(chunksTogether) || chunksTogether < 1) {
    throw new DifftapError("USAGE_INVALID", `${chunksTogether} chunks cannot be mixed together`);
  }
  if (chunksTogether >= chunkCount(store)) return permutation(address, store.samples);
  const chunks = permutation(address, chunkCount(store));
  const order = new Uint32Array(store.samples);
  let filled = 0;
  for (let first = 0, group = 1; first < chunks.length; first += chunksTogether, group++) {
    const rows = Array.from(chunks.subarray(first, first + chunksTogether)).flatMap((chunk) =>
      rowNumbers(chunkRows(store, chunk)),
    );
    const mixed = permutation({ ...address, stream: address.stream + group * FINER }, rows.length);
    for (const place of mixed) order[filled++] = rows[place]!;
  }
  return order;
}

function rowNumbers({ start, count }: { readonly start: number; readonly count: number }): number[] {
  return Array.from({ length: count }, (_, index) => start + index);
}
