/** From batches to the chunks that a store writes whole. */
import { DifftapError, elementCount, type NdArray, ndarray } from "@difftap/core";
import { ahead } from "./ahead.js";
import type { FeatureBatch, ImageFailure, RowRange } from "./batches.js";

/** All rows of one chunk. Its fields are what a feature store's `writeChunk` takes. */
export interface AssembledChunk extends RowRange {
  readonly chunk: number;
  readonly features: ReadonlyMap<string, NdArray<"float32">>;
  readonly labels: Int32Array;
  readonly ids: readonly string[];
  readonly valid: Uint8Array;
  readonly failures: readonly ImageFailure[];
}

export interface ChunkGrid {
  /** Rows of a chunk, a multiple of the batch. */
  readonly chunkSamples: number;
  /** Rows of the whole set: the last chunk ends there. */
  readonly samples: number;
}

/**
 * Joins consecutive batches into whole chunks. While the consumer writes one chunk, the batches of the next are already being
 * computed: at most two chunks are in memory.
 * @throws DifftapError USAGE_INVALID when batches straddle a chunk's border or leave a gap within a chunk.
 */
export async function* assembleChunks(
  batches: AsyncIterable<FeatureBatch>,
  grid: ChunkGrid,
): AsyncGenerator<AssembledChunk> {
  let open: OpenChunk | undefined;
  for await (const batch of ahead(batches, grid.chunkSamples, ({ count }) => count)) {
    open ??= new OpenChunk(batch, grid);
    open.add(batch);
    if (!open.full) continue;
    yield open.close();
    open = undefined;
  }
  if (open !== undefined) throw misfit(`chunk ${open.chunk} ends after ${open.filled} of ${open.count} rows`);
}

class OpenChunk {
  readonly chunk: number;
  readonly start: number;
  readonly count: number;
  filled = 0;
  readonly #features = new Map<string, NdArray<"float32">>();
  readonly #labels: Int32Array;
  readonly #valid: Uint8Array;
  readonly #ids: string[] = [];
  readonly #failures: ImageFailure[] = [];

  constructor({ start, features }: FeatureBatch, { chunkSamples, samples }: ChunkGrid) {
    this.chunk = Math.floor(start / chunkSamples);
    this.start = this.chunk * chunkSamples;
    this.count = Math.min(chunkSamples, samples - this.start);
    this.#labels = new Int32Array(this.count);
    this.#valid = new Uint8Array(this.count);
    for (const [name, { shape }] of features) {
      this.#features.set(name, ndarray("float32", [this.count, ...shape.slice(1)]));
    }
  }

  get full(): boolean {
    return this.filled === this.count;
  }

  add({ start, count, features, labels, ids, valid, failures }: FeatureBatch): void {
    if (start !== this.start + this.filled || this.filled + count > this.count) {
      const rows = `rows ${start}…${start + count - 1}`;
      throw misfit(
        `${rows} do not continue chunk ${this.chunk}, which has rows ${this.start}…${this.start + this.count - 1}`,
      );
    }
    for (const [name, { shape, data }] of features) {
      this.#features.get(name)!.data.set(data, this.filled * elementCount(shape.slice(1)));
    }
    this.#labels.set(labels, this.filled);
    this.#valid.set(valid, this.filled);
    this.#ids.push(...ids);
    this.#failures.push(...failures);
    this.filled += count;
  }

  close(): AssembledChunk {
    const { chunk, start, count } = this;
    const rows = { labels: this.#labels, ids: this.#ids, valid: this.#valid, failures: this.#failures };
    return { chunk, start, count, features: this.#features, ...rows };
  }
}

const misfit = (message: string) =>
  new DifftapError("USAGE_INVALID", message, {
    hint: "extract whole chunks (`rowsOfChunks`), with a chunk size that is a multiple of the batch",
  });
