/**
 * Where batches come from. The trainer decides the order; a source reads what it is told to, from memory, a store or images.
 *
 * ```ts
 * import { memorySource } from "@difftap/trainer";
 *
 * const source = memorySource({ "t90/b09": features }, labels);
 * for await (const { features, labels } of source.batches(Uint32Array.of(4, 2, 7), { batch: 2, epoch: 0 })) …
 * ```
 *
 * More than memory holds, from a store of @difftap/feature-store:
 *
 * ```ts
 * const rows = await store.rows(["t90/b09"]);
 * const source = streamedSource(store.samples, async (indices, { signal }) => ({
 *   features: await rows.read(indices, signal),
 *   labels: Int32Array.from(indices, (index) => labels[index]!),
 * }));
 * const chunkByChunk = { ...source, order: rows.order };
 * ```
 */
import { DifftapError, type NdArray, ndarray, type RandomAddress } from "@difftap/core";

export interface LabelledBatch {
  /** [n, …] by tap. */
  readonly features: Readonly<Record<string, NdArray<"float32">>>;
  /** [n, …]: what belongs to the samples beside features, such as noise. Models get it too; mixup leaves it as it is. */
  readonly beside?: Readonly<Record<string, NdArray<"float32">>>;
  /** n classes. */
  readonly labels: Int32Array;
}

export interface ReadOptions {
  readonly batch: number;
  /** Sources that draw noise or crops draw others in each epoch. */
  readonly epoch: number;
  readonly signal?: AbortSignal | undefined;
}

export interface FeatureSource {
  /** Number of samples. */
  readonly length: number;
  /** The samples of these indices in this order, `batch` at a time, the last batch as long as what is left. */
  batches(indices: Uint32Array, options: ReadOptions): AsyncIterable<LabelledBatch>;
  /** The order of an epoch where some orders are read faster than others, such as chunk by chunk; any permutation unless given. */
  order?(address: RandomAddress): Uint32Array;
}

/**
 * Features that lie in memory: arrays [n, …] by tap, and n labels.
 * @throws DifftapError LABELS_MISMATCH when an array has not one row per label.
 */
export function memorySource(features: LabelledBatch["features"], labels: Int32Array): FeatureSource {
  for (const [name, { shape }] of Object.entries(features)) {
    if (shape[0] === labels.length) continue;
    throw new DifftapError(
      "LABELS_MISMATCH",
      `${name} has ${shape[0]} rows, but there are ${labels.length} labels`,
      {
        details: { name, rows: shape[0], labels: labels.length },
      },
    );
  }
  return {
    length: labels.length,
    async *batches(indices, { batch }) {
      for (let start = 0; start < indices.length; start += batch) {
        const chosen = indices.subarray(start, start + batch);
        const rows = Object.entries(features).map(
          ([name, array]) => [name, takeRows(array, chosen)] as const,
        );
        yield {
          features: Object.fromEntries(rows),
          labels: Int32Array.from(chosen, (index) => labels[index]!),
        };
      }
    },
  };
}

/**
 * Samples that are read when they are needed, from a store or from images: `read` gives those of the indices in their order. While the
 * caller works on a batch, the next one is being read, so that two are in memory.
 */
export function streamedSource(
  length: number,
  read: (indices: Uint32Array, options: Omit<ReadOptions, "batch">) => Promise<LabelledBatch>,
): FeatureSource {
  return {
    length,
    async *batches(indices, { batch, ...options }) {
      const begin = (start: number) => {
        const reading = read(indices.subarray(start, start + batch), options);
        // Whoever awaits it gets the error; until then, or where nobody does, it must not count as unhandled.
        reading.catch(() => undefined);
        return reading;
      };
      if (indices.length === 0) return;
      let next = begin(0);
      for (let start = 0; start < indices.length; start += batch) {
        const current = await next;
        if (start + batch < indices.length) next = begin(start + batch);
        yield current;
      }
    },
  };
}

function takeRows({ shape, data }: NdArray<"float32">, indices: Uint32Array): NdArray<"float32"> {
  const width = data.length / shape[0]!;
  const rows = new Float32Array(indices.length * width);
  indices.forEach((index, row) => {
    rows.set(data.subarray(index * width, (index + 1) * width), row * width);
  });
  return ndarray("float32", [indices.length, ...shape.slice(1)], rows);
}
