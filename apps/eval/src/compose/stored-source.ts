/**
 * Rows of a store as a source of labelled batches: in memory where they fit, read chunk by chunk as they are needed where they do not.
 * Batches and the order of an epoch are the same either way, to the bit.
 */
import { elementCount, type LongWork, ndarray } from "@difftap/core";
import type { FeatureStore, RowReader } from "@difftap/feature-store";
import { type FeatureSource, memorySource, streamedSource } from "@difftap/trainer";
import { type LabelledRows, readLabelled } from "./labelled.js";

export interface StoredReading extends LongWork {
  /** Bytes that features may take in memory; a quarter of what is free, at most 8 GiB, unless given. */
  readonly memory?: number | undefined;
}

export interface StoredSource {
  readonly source: FeatureSource;
  /** It is read as it is needed. */
  readonly streamed: boolean;
}

/** The named arrays, flattened. @throws DifftapError LABELS_MISMATCH for an image without a label. */
export async function storedSource(
  store: FeatureStore,
  names: readonly string[],
  labelled: LabelledRows,
  { memory = memoryToTake(), ...work }: StoredReading,
): Promise<StoredSource> {
  const reader = await store.rows(names);
  const streamed = bytesOf(store, names) > memory;
  const source = streamed ? streamedRows(reader, labelled) : await rowsInMemory(store, names, labelled, work);
  return { streamed, source: { ...source, order: (address) => placesOf(reader.order(address), labelled) } };
}

/** An array of more than 8 GiB is not read at once. */
const memoryToTake = () => Math.min(process.availableMemory() / 4, 8 * 2 ** 30);

/** As float32. */
function bytesOf({ arrays, samples }: FeatureStore, names: readonly string[]): number {
  const read = arrays.filter(({ name }) => names.includes(name));
  return read.reduce((sum, { sampleShape }) => sum + 4 * samples * elementCount(sampleShape), 0);
}

async function rowsInMemory(
  store: FeatureStore,
  names: readonly string[],
  { labels }: LabelledRows,
  work: LongWork,
): Promise<FeatureSource> {
  const read = await Promise.all(names.map((name) => readLabelled(store, name, work)));
  return memorySource(Object.fromEntries(names.map((name, index) => [name, read[index]!.features])), labels);
}

function streamedRows(reader: RowReader, { rows, labels }: LabelledRows): FeatureSource {
  return streamedSource(rows.length, async (samples, { signal }) => {
    const wanted = Uint32Array.from(samples, (sample) => rows[sample]!);
    const read = Object.entries(await reader.read(wanted, signal));
    const flat = read.map(([name, { data }]) => {
      const shape = [samples.length, data.length / samples.length];
      return [name, ndarray("float32", shape, data)] as const;
    });
    return {
      features: Object.fromEntries(flat),
      labels: Int32Array.from(samples, (sample) => labels[sample]!),
    };
  });
}

/** An order of rows as one of samples: rows that could not be read are left out. */
function placesOf(order: Uint32Array, { rows }: LabelledRows): Uint32Array {
  if (rows.length === order.length) return order;
  const places = new Uint32Array(order.length).fill(order.length);
  for (const [place, row] of rows.entries()) places[row] = place;
  return order.map((row) => places[row]!).filter((place) => place < order.length);
}
