/** Views of images as a source of batches: what the backbone reads of them, and what the adapter learns from them. */
import type { NdArray } from "@difftap/core";
import type { ViewAugmentation, ViewBatch, ViewLoadOptions } from "@difftap/datasets";
import { shownImages } from "@difftap/eval";
import type { FeatureSource } from "@difftap/trainer";
import type { DenseBackbone } from "./backbone.js";
import type { DenseSettings } from "./settings.js";

export interface DenseImages<Batch extends ViewBatch> {
  /** Indices into the data set: sample i is image indices[i]. */
  readonly indices: Uint32Array;
  load(options: ViewLoadOptions): AsyncIterable<Batch>;
  /** Arrays [count, …] that are learnt from, by name. */
  targets(batch: Batch): Readonly<Record<string, NdArray<"float32">>>;
}

/**
 * Each epoch has its own views and noise, addressed by seed, epoch and image; with `keepMaps` all have those of the first. An image that
 * cannot be read ends the training.
 */
export function denseSource<Batch extends ViewBatch>(
  images: DenseImages<Batch>,
  backbone: DenseBackbone,
  settings: DenseSettings,
  seed: number,
): FeatureSource {
  const { canvas, fit } = settings;
  return {
    length: images.indices.length,
    async *batches(samples, { batch, epoch, signal }) {
      const indices = Uint32Array.from(samples, (sample) => images.indices[sample]!);
      const augment = { ...augmentationOf(settings), seed, epoch };
      const options = { ...canvas, fit, batch, indices, onCorrupt: "fail", augment, signal } as const;
      for await (const loaded of images.load(options)) {
        const maps = await backbone.read(shownImages(loaded), seed + 1 + epoch);
        yield {
          features: { ...maps, ...images.targets(loaded) },
          labels: new Int32Array(loaded.count),
        };
      }
    },
  };
}

function augmentationOf({ scale, flip, colours }: DenseSettings): ViewAugmentation {
  const jitter = { brightness: colours, contrast: colours, saturation: colours };
  return { scale, flip, ...(colours > 0 && { colours: jitter }) };
}
