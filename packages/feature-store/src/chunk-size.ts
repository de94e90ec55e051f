/** How many samples make a chunk. */
import { DifftapError, elementCount } from "@difftap/core";
import type { FeatureArray, StoredDtype } from "./description.js";

/** Bytes that a chunk of the widest array aims at: few files, yet quick to read, check and rewrite. */
const targetBytes = 8 * 2 ** 20;

/** Bytes of one chunk over all arrays: what the extractor holds while a chunk fills. */
const budgetBytes = 256 * 2 ** 20;

/** A crash loses the work on at most this many images per chunk in flight, however narrow the features. */
const mostSamples = 1024;

export interface ChunkSizeOptions {
  readonly arrays: readonly FeatureArray[];
  readonly dtype: StoredDtype;
  readonly samples: number;
  /** Batch of the extractor; a chunk is a whole number of batches. */
  readonly batch: number;
  readonly targetBytes?: number;
  readonly budgetBytes?: number;
  readonly mostSamples?: number;
}

/**
 * Rows of a chunk: a multiple of the batch such that the widest array's chunk has about `targetBytes` (8 MiB), all arrays together
 * at most `budgetBytes` (256 MiB, as float32) and a chunk at most `mostSamples` (1024) rows; never less than one batch.
 * @throws DifftapError USAGE_INVALID when batch or samples is no positive integer, or there is no array.
 */
export function chooseChunkSamples(options: ChunkSizeOptions): number {
  const { arrays, batch, samples, dtype } = options;
  if (
    !(Number.isInteger(batch) && batch > 0 && Number.isInteger(samples) && samples > 0 && arrays.length > 0)
  ) {
    throw new DifftapError(
      "USAGE_INVALID",
      `no chunk holds batches of ${batch} out of ${samples} samples in ${arrays.length} arrays`,
      {
        hint: "batch and samples are positive integers, and there is at least one array",
      },
    );
  }
  const elements = arrays.map(({ sampleShape }) => elementCount(sampleShape));
  const widest = Math.max(...elements) * (dtype === "float16" ? 2 : 4);
  const together = elements.reduce((sum, one) => sum + one, 0) * 4;
  const wanted = Math.min(
    (options.targetBytes ?? targetBytes) / widest,
    (options.budgetBytes ?? budgetBytes) / together,
    options.mostSamples ?? mostSamples,
    Math.ceil(samples / batch) * batch,
  );
  return Math.max(1, Math.floor(wanted / batch)) * batch;
}
