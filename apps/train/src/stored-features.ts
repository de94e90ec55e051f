/** Two stores as a head and its trainer see them: taps with their sizes, and sources of labelled batches. */
import { blockTable } from "@difftap/backbone";
import { DifftapError } from "@difftap/core";
import { classCount, type LabelledFeatures, readLabelled } from "@difftap/eval";
import { type FeatureStore, openFeatureStore } from "@difftap/feature-store";
import { describeTap, type HeadTap } from "@difftap/heads";
import { parseRequest, requestedArrays } from "@difftap/taps";
import { type FeatureSource, memorySource } from "@difftap/trainer";

export interface StoredFeatures {
  readonly taps: readonly HeadTap[];
  readonly classes: number;
  readonly train: FeatureSource;
  readonly test: FeatureSource;
  readonly stores: { readonly train: FeatureStore; readonly test: FeatureStore };
}

/**
 * Reads the named arrays (all when none is named) of a training and a test store.
 * @throws DifftapError REQUEST_INVALID for an array that a store lacks, listing those it has; LABELS_MISMATCH.
 */
export async function readStores(
  settings: { train: string; test: string; arrays?: readonly string[] | undefined },
  signal: AbortSignal,
): Promise<StoredFeatures> {
  const train = await openFeatureStore(settings.train);
  const test = await openFeatureStore(settings.test);
  const names = settings.arrays ?? train.arrays.map(({ name }) => name);
  for (const store of [train, test]) for (const name of names) checkArray(store, name);
  const read = async (store: FeatureStore) =>
    sourceOf(names, await Promise.all(names.map((name) => readLabelled(store, name, { signal }))));
  const [trainSource, testSource] = [await read(train), await read(test)];
  const classes = Math.max(classCount(null, trainSource.labels), classCount(null, testSource.labels));
  return {
    taps: tapsOf(train, names),
    classes,
    train: trainSource.source,
    test: testSource.source,
    stores: { train, test },
  };
}

function checkArray({ path, arrays }: FeatureStore, wanted: string): void {
  if (arrays.some(({ name }) => name === wanted)) return;
  throw new DifftapError("REQUEST_INVALID", `${path} has no array ${wanted}`, {
    hint: `it has ${arrays.map(({ name }) => name).join(", ")}`,
    details: { wanted },
  });
}

function sourceOf(
  names: readonly string[],
  arrays: readonly LabelledFeatures[],
): { source: FeatureSource; labels: Int32Array } {
  const { labels } = arrays[0]!;
  const features = Object.fromEntries(names.map((name, index) => [name, arrays[index]!.features]));
  return { source: memorySource(features, labels), labels };
}

function tapsOf({ request }: FeatureStore, names: readonly string[]): HeadTap[] {
  const parsed = parseRequest(request);
  const blocks = blockTable(parsed.architecture);
  const size = { height: parsed.size, width: parsed.size };
  return requestedArrays(parsed)
    .filter(({ name }) => names.includes(name))
    .map(({ name, timestep, tap }) => ({ ...describeTap(blocks, { ...tap, timestep, size }), name }));
}
