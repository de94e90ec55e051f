/**
 * Maps on disk: what a frozen backbone gives of each image's view in an epoch is computed once, as half floats in a store, and read chunk by
 * chunk while an adapter learns. What it learns from is made again for every batch, from the annotations of the same view. So memory
 * holds some chunks and two batches, however many images there are.
 */
import { type LongWork, ndarray } from "@difftap/core";
import type { ViewBatch } from "@difftap/datasets";
import { shownImages } from "@difftap/eval";
import {
  type ChunkContent,
  chooseChunkSamples,
  createFeatureStore,
  type FeatureArray,
  openFeatureStore,
  type StoreDescription,
} from "@difftap/feature-store";
import { type FeatureSource, type LabelledBatch, streamedSource } from "@difftap/trainer";
import type { DenseBackbone } from "./backbone.js";
import { type DenseViews, loadViews, noiseSeed } from "./source.js";

/** Images that the backbone reads at once; not the training's batch, on which a store that runs share must not depend. */
const IMAGES_AT_ONCE = 4;

/** What maps are of, and where they lie. */
export interface MapsPlace extends Pick<StoreDescription, "request" | "requestHash"> {
  /** Folder of the store. */
  readonly path: string;
}

type Maps = LabelledBatch["features"];

/**
 * Computes what the store lacks and gives it as a source; the same call again computes nothing.
 * @throws DifftapError STORE_MISMATCH naming what differs for a store of other maps; NUMERIC for values that are no half floats;
 * whatever images, backbone and store throw.
 */
export async function keptOnDisk<Batch extends ViewBatch>(
  views: DenseViews<Batch>,
  place: MapsPlace,
  work: LongWork = {},
  epoch = 0,
): Promise<FeatureSource> {
  await computeMaps(views, place, work, epoch);
  return storedMaps(place.path, async (samples, signal) => {
    let targets: Maps = {};
    const options = { batch: samples.length, epoch, signal };
    for await (const loaded of loadViews(views, samples, options)) targets = views.images.targets(loaded);
    return targets;
  });
}

/** Maps of a store, in an order in which it is read fast, with what `targets` makes of the same samples. The next batch is read ahead. */
export async function storedMaps(
  path: string,
  targets: (samples: Uint32Array, signal: AbortSignal | undefined) => Promise<Maps>,
): Promise<FeatureSource> {
  const store = await openFeatureStore(path);
  const rows = await store.rows(store.arrays.map(({ name }) => name));
  const source = streamedSource(store.samples, async (samples, { signal }) => {
    const [maps, learnt] = await Promise.all([rows.read(samples, signal), targets(samples, signal)]);
    return { features: { ...maps, ...learnt }, labels: new Int32Array(samples.length) };
  });
  return { ...source, order: rows.order };
}

async function computeMaps<Batch extends ViewBatch>(
  views: DenseViews<Batch>,
  { path, ...request }: MapsPlace,
  { signal, onProgress }: LongWork,
  epoch: number,
): Promise<void> {
  const { backbone, images, seed } = views;
  const description = { ...request, ...shapeOf(backbone, images.indices.length) };
  const writer = await createFeatureStore(path, description);
  const pending = await writer.pendingChunks(undefined, { signal, onProgress });
  const wanted = Uint32Array.from(pending.flatMap((chunk) => rowNumbers(writer.chunkRows(chunk))));
  let read: ReadBatch[] = [];
  let done = 0;
  // A chunk is a whole number of batches; only the last one of all may end with a shorter batch.
  for await (const loaded of loadViews(views, wanted, { batch: IMAGES_AT_ONCE, epoch, signal })) {
    read.push({ ids: loaded.ids, maps: await backbone.read(shownImages(loaded), noiseSeed(seed, epoch)) });
    done += loaded.count;
    onProgress?.({ task: "maps", done, total: wanted.length, unit: "images" });
    const rows = read.reduce((sum, { ids }) => sum + ids.length, 0);
    if (rows < writer.chunkRows(pending[0]!).count) continue;
    await writer.writeChunk(pending.shift()!, contentOf(description.arrays, read));
    read = [];
  }
  await writer.finish();
}

/** Of a store of so many images' maps. */
function shapeOf({ inputs = [] }: DenseBackbone, samples: number) {
  const arrays = inputs.map(({ name, channels, height, width }) => ({
    name,
    sampleShape: [channels, height, width],
  }));
  const grid = { arrays, samples, dtype: "float16" } as const;
  return { ...grid, chunkSamples: chooseChunkSamples({ ...grid, batch: IMAGES_AT_ONCE }) };
}

const rowNumbers = ({ start, count }: { readonly start: number; readonly count: number }) =>
  Array.from({ length: count }, (_, index) => start + index);

interface ReadBatch {
  readonly ids: readonly string[];
  readonly maps: Maps;
}

/** Batches one behind the other as the rows of a chunk. */
function contentOf(arrays: readonly FeatureArray[], read: readonly ReadBatch[]): ChunkContent {
  const ids = read.flatMap((batch) => batch.ids);
  const features = arrays.map(({ name, sampleShape }) => {
    const rows = ndarray("float32", [ids.length, ...sampleShape]);
    let filled = 0;
    for (const { maps } of read) {
      rows.data.set(maps[name]!.data, filled);
      filled += maps[name]!.data.length;
    }
    return [name, rows] as const;
  });
  return {
    features: new Map(features),
    ids,
    labels: new Int32Array(ids.length).fill(-1),
    valid: new Uint8Array(ids.length).fill(1),
  };
}
