/** Features of images, computed once and kept in memory for all epochs. */
import { type LongWork, type NdArray, ndarray } from "@difftap/core";
import type { HeadFeatures } from "@difftap/eval";
import { memorySource } from "@difftap/trainer";

/** Reads everything once, in order, `batch` samples at a time; the source that comes back lies in memory. */
export async function keptFeatures(
  features: HeadFeatures,
  batch: number,
  { signal, onProgress }: LongWork = {},
): Promise<HeadFeatures> {
  const { source, labels } = features;
  const total = source.length;
  const kept: Record<string, NdArray<"float32">> = {};
  let done = 0;
  for await (const read of source.batches(Uint32Array.from(labels.keys()), { batch, epoch: 0, signal })) {
    for (const [name, { shape, data }] of Object.entries(read.features)) {
      kept[name] ??= ndarray("float32", [total, ...shape.slice(1)]);
      kept[name].data.set(data, (done * data.length) / shape[0]!);
    }
    done += read.labels.length;
    onProgress?.({ task: "features", done, total, unit: "images" });
  }
  return { ...features, source: memorySource(kept, labels) };
}
