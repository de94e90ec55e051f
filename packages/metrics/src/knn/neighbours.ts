/** The k most similar rows of a bank for every query, in bounded memory. */
import { setImmediate } from "node:timers/promises";
import { DifftapError, type LongWork, throwIfAborted } from "@difftap/core";
import { type Matrix, matrixSize } from "../inputs.js";
import { type Best, type Block, blockOf, openSimilaritySearch, type SimilaritySearch } from "./similarity.js";

export interface NeighbourOptions extends LongWork {
  /** The bank, [n, d]. */
  readonly train: Matrix;
  /** Queries, [m, d]. */
  readonly test: Matrix;
  readonly k: number;
  /** Rows of the bank compared at once; memory is 4 · 128 · chunk bytes. 8,192 unless given. */
  readonly chunk?: number;
}

export interface Neighbours {
  readonly k: number;
  /** [m, k] rows of the bank, most similar first; of equal ones the lower row first. */
  readonly indices: Int32Array;
  /** [m, k] cosine similarities. */
  readonly similarities: Float32Array;
}

const DEFAULT_CHUNK = 8192;
/** Enough queries to keep the matrix product busy, few enough that one call takes milliseconds. */
const QUERIES_PER_CALL = 128;

/**
 * Exact search by cosine similarity in float32. A row of zeros has similarity 0 to everything.
 * @throws DifftapError USAGE_INVALID when dimensions differ or k is not in 1 … n; NUMERIC naming row and column of a
 * value that is not finite; INTERRUPTED.
 */
export async function nearestNeighbours(options: NeighbourOptions): Promise<Neighbours> {
  const { train, test, k, chunk = DEFAULT_CHUNK, signal, onProgress } = options;
  const { bank, queries, columns } = checkSearch(options, chunk);
  const blocks = await prepareBank(train, bank, chunk, signal);
  const found = { k, indices: new Int32Array(queries * k), similarities: new Float32Array(queries * k) };
  const search = await openSimilaritySearch(columns);
  try {
    for (let start = 0; start < queries; start += QUERIES_PER_CALL) {
      const end = Math.min(queries, start + QUERIES_PER_CALL);
      const merged = await searchBlocks(search, blockOf(test, start, end, "test"), blocks, k, signal);
      found.indices.set(merged.indices, start * k);
      found.similarities.set(merged.similarities, start * k);
      onProgress?.({ task: "nearest neighbours", done: end, total: queries, unit: "queries" });
    }
  } finally {
    await search.close();
  }
  return found;
}

interface PlacedBlock {
  /** Its first row in the bank. */
  readonly first: number;
  readonly block: Block;
}

async function prepareBank(
  train: Matrix,
  rows: number,
  chunk: number,
  signal: AbortSignal | undefined,
): Promise<PlacedBlock[]> {
  const blocks: PlacedBlock[] = [];
  for (let first = 0; first < rows; first += chunk) {
    blocks.push({ first, block: blockOf(train, first, Math.min(rows, first + chunk), "train") });
    await setImmediate();
    throwIfAborted(signal);
  }
  return blocks;
}

type Part = Omit<Neighbours, "k">;

async function searchBlocks(
  search: SimilaritySearch,
  queries: Block,
  blocks: readonly PlacedBlock[],
  k: number,
  signal: AbortSignal | undefined,
): Promise<Part> {
  let merged: (Part & { k: number }) | undefined;
  for (const { first, block } of blocks) {
    throwIfAborted(signal);
    const own = Math.min(k, block.inverseLengths.length);
    const part = { k: own, ...shifted(await search.best(queries, block, own), first) };
    merged = merged ? merge(merged, part, queries.inverseLengths.length, k) : part;
    await setImmediate();
  }
  return merged!;
}

function shifted({ similarities, indices }: Best, first: number): Part {
  return { similarities, indices: Int32Array.from(indices, (index) => Number(index) + first) };
}

/** Joins two descending lists per query. `a` comes from earlier rows of the bank, so it goes first where they are equal. */
function merge(
  a: Part & { k: number },
  b: Part & { k: number },
  queries: number,
  most: number,
): Part & { k: number } {
  const k = Math.min(most, a.k + b.k);
  const out = { k, indices: new Int32Array(queries * k), similarities: new Float32Array(queries * k) };
  for (let query = 0; query < queries; query++) {
    let [i, j] = [query * a.k, query * b.k];
    const [endA, endB] = [i + a.k, j + b.k];
    for (let place = query * k; place < (query + 1) * k; place++) {
      const takeA = j >= endB || (i < endA && a.similarities[i]! >= b.similarities[j]!);
      const [from, at] = takeA ? [a, i++] : [b, j++];
      out.indices[place] = from.indices[at]!;
      out.similarities[place] = from.similarities[at]!;
    }
  }
  return out;
}

function checkSearch({ train, test, k }: NeighbourOptions, chunk: number) {
  const { rows: bank, columns } = matrixSize(train, "train");
  const { rows: queries, columns: own } = matrixSize(test, "test");
  if (own !== columns) {
    throw new DifftapError(
      "USAGE_INVALID",
      `test features have ${own} dimensions, training features ${columns}`,
    );
  }
  if (!Number.isInteger(k) || k < 1 || k > bank) {
    throw new DifftapError("USAGE_INVALID", `k is ${k} with ${bank} training samples`, {
      hint: `k is an integer from 1 to ${bank}`,
      details: { k, n: bank },
    });
  }
  if (!Number.isInteger(chunk) || chunk < 1) {
    throw new DifftapError("USAGE_INVALID", `chunk is ${chunk}`, { hint: "an integer of at least 1" });
  }
  return { bank, queries, columns };
}
