/** Batches made ahead of their use: what the loaders share. */
import { DifftapError, isDifftapError, throwIfAborted } from "@difftap/core";
import sharp from "sharp";
import { checkIndex, type ImageDataset } from "./dataset.js";
import type { Pixels } from "./image/resample.js";
import { inOrder, type Limiter, limiter } from "./in-order.js";

export interface BatchOptions {
  /** Which images, in this order; all of them when absent. */
  readonly indices?: Uint32Array | readonly number[] | undefined;
  /** Images per batch. */
  readonly batch: number;
  /** What a corrupt image does: ends the work, or leaves a row of zeros and an entry in `failures`. */
  readonly onCorrupt: "fail" | "skip";
  /** Images read and decoded at once. */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ImageFailure {
  readonly index: number;
  readonly id: string;
  readonly source: string;
  readonly reason: string;
}

/** One batch to be made. */
export interface BatchRequest {
  /** Position of the first row in all indices. */
  readonly start: number;
  readonly indices: Uint32Array;
  readonly limit: Limiter;
  /** @throws DifftapError INTERRUPTED when the signal has fired, or nobody waits for the batch any more. */
  stopIfAborted(): void;
}

/** Decodes in flight when `workers` is not given: libuv has four threads, and each should find the next image waiting. */
const DEFAULT_WORKERS = 8;

/** Batches being made while one is in use. Memory for pixels is (this + 1) batches. */
const PREFETCHED_BATCHES = 2;

/**
 * Makes one batch after another, in the order given. At most two are made ahead, so a slow consumer holds the reader back.
 * @throws DifftapError USAGE_INVALID for an index, batch or number of workers that makes no sense; INTERRUPTED
 */
export async function* inBatches<Batch>(
  dataset: ImageDataset,
  { batch, workers = DEFAULT_WORKERS, signal, ...options }: BatchOptions,
  make: (request: BatchRequest) => Promise<Batch>,
): AsyncGenerator<Batch> {
  checkPositive("batch", batch);
  checkPositive("workers", workers);
  const indices = Uint32Array.from(
    options.indices ?? Array.from({ length: dataset.length }, (_, index) => index),
  );
  for (const index of indices) checkIndex(index, dataset.length, dataset.name);
  sharp.concurrency(1); // one image, one thread: many small images run at once
  const limit = limiter(workers);
  yield* inOrder(Math.ceil(indices.length / batch), PREFETCHED_BATCHES, (number, stopped) => {
    throwIfAborted(signal);
    const start = number * batch;
    const stopIfAborted = (): void => {
      throwIfAborted(signal);
      throwIfAborted(stopped);
    };
    return make({ start, indices: indices.slice(start, start + batch), limit, stopIfAborted });
  });
}

/** What `make` returns, or, of a corrupt image that is to be skipped, the entry for `failures`. */
export async function unlessCorrupt<T>(
  { index, id, source }: Omit<ImageFailure, "reason">,
  onCorrupt: BatchOptions["onCorrupt"],
  make: () => Promise<T>,
): Promise<T | ImageFailure> {
  try {
    return await make();
  } catch (error) {
    if (onCorrupt === "fail" || !isDifftapError(error, "IMAGE_CORRUPT")) throw error;
    return { index, id, source, reason: error.message };
  }
}

/** Rows, columns, RGB → RGB, rows, columns. */
export function writeChannelsFirst({ data }: Pixels, out: Uint8Array, offset: number): void {
  const plane = data.length / 3;
  for (let i = 0, read = 0; i < plane; i++) {
    out[offset + i] = data[read++]!;
    out[offset + plane + i] = data[read++]!;
    out[offset + 2 * plane + i] = data[read++]!;
  }
}

export function checkPositive(name: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new DifftapError("USAGE_INVALID", `${name} is ${value}; it must be a whole number above 0`);
}
