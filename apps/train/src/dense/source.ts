/** Views of images as a source of batches: what the backbone reads of them, and what the adapter learns from them. */
import type { NdArray } from "@difftap/core";
import type { ViewAugmentation, ViewBatch, ViewLoadOptions } from "@difftap/datasets";
import { shownImages } from "@difftap/eval";
import type { FeatureSource, ReadOptions } from "@difftap/trainer";
import type { DenseBackbone } from "./backbone.js";
import type { DenseSettings } from "./settings.js";

export interface DenseImages<Batch extends ViewBatch> {
  /** Indices into the data set: sample i is image indices[i]. */
  readonly indices: Uint32Array;
  load(options: ViewLoadOptions): AsyncIterable<Batch>;
  /** Arrays [count, …] that are learnt from, by name. */
  targets(batch: Batch): Readonly<Record<string, NdArray<"float32">>>;
}

type ViewSettings = Pick<DenseSettings, "canvas" | "fit" | "scale" | "flip" | "colours">;

/** How a seed of a training sees its images. */
export interface DenseViews<Batch extends ViewBatch> {
  readonly images: DenseImages<Batch>;
  readonly backbone: DenseBackbone;
  readonly settings: ViewSettings;
  readonly seed: number;
}

/**
 * Each epoch has its own views and noise, addressed by seed, epoch and image. An image that cannot be read ends the training.
 */
export function denseSource<Batch extends ViewBatch>(views: DenseViews<Batch>): FeatureSource {
  const { images, backbone, seed } = views;
  return {
    length: images.indices.length,
    async *batches(samples, options) {
      for await (const loaded of loadViews(views, samples, options)) {
        const maps = await backbone.read(shownImages(loaded), noiseSeed(seed, options.epoch));
        yield {
          features: { ...maps, ...images.targets(loaded) },
          labels: new Int32Array(loaded.count),
        };
      }
    },
  };
}

/** The views that samples have in an epoch. */
export function loadViews<Batch extends ViewBatch>(
  { images, settings, seed }: DenseViews<Batch>,
  samples: Uint32Array,
  { batch, epoch, signal }: ReadOptions,
): AsyncIterable<Batch> {
  const { canvas, fit } = settings;
  const indices = Uint32Array.from(samples, (sample) => images.indices[sample]!);
  const augment = { ...augmentationOf(settings), seed, epoch };
  return images.load({ ...canvas, fit, batch, indices, onCorrupt: "fail", augment, signal });
}

/** Of the noise that images get in an epoch. */
export function noiseSeed(seed: number, epoch: number): number {
  return seed + 1 + epoch;
}

function augmentationOf({ scale, flip, colours }: ViewSettings): ViewAugmentation {
  const jitter = { brightness: colours, contrast: colours, saturation: colours };
  return { scale, flip, ...(colours > 0 && { colours: jitter }) };
}
