/** What a source gives, computed once and kept in memory for all epochs. */
import { type LongWork, type NdArray, ndarray } from "@difftap/core";
import type { HeadFeatures } from "@difftap/eval";
import { type FeatureSource, memorySource } from "@difftap/trainer";

/** Reads everything of an epoch once, in order, `batch` samples at a time; the source that comes back lies in memory. */
export async function keptSource(
  source: FeatureSource,
  batch: number,
  { signal, onProgress }: LongWork = {},
  epoch = 0,
): Promise<FeatureSource> {
  const total = source.length;
  const all = Uint32Array.from({ length: total }, (_, index) => index);
  const labels = new Int32Array(total);
  const kept: Record<string, NdArray<"float32">> = {};
  let done = 0;
  for await (const read of source.batches(all, { batch, epoch, signal })) {
    for (const [name, { shape, data }] of Object.entries(read.features)) {
      kept[name] ??= ndarray("float32", [total, ...shape.slice(1)]);
      kept[name].data.set(data, (done * data.length) / shape[0]!);
    }
    labels.set(read.labels, done);
    done += read.labels.length;
    onProgress?.({ task: "features", done, total, unit: "images" });
  }
  return memorySource(kept, labels);
}

/** The same for a head's features. */
export async function keptFeatures(
  features: HeadFeatures,
  batch: number,
  work: LongWork = {},
): Promise<HeadFeatures> {
  return { ...features, source: await keptSource(features.source, batch, work) };
}
