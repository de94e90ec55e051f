/**
 * Batches for detection and segmentation: images laid on one canvas, with their objects or label maps.
 *
 * ```ts
 * import { boxToSource, loadDetection, openDetection } from "@difftap/datasets";
 *
 * const dataset = await openDetection("scenes:count=10,size=48,seed=1");
 * const options = { height: 32, width: 64, fit: "letterbox", batch: 4, onCorrupt: "fail" } as const;
 * for await (const { images, objects, views } of loadDetection(dataset, options)) {
 *   console.log(images.shape, objects[0]?.map(({ box }) => boxToSource(box, views[0]!)));
 * }
 * ```
 */
import { type NdArray, ndarray } from "@difftap/core";
import type { AnnotatedObject, DetectionDataset, LabelMap, SegmentationDataset } from "./annotations.js";
import type { ImageDataset } from "./dataset.js";
import { keptShare } from "./view/augment-together.js";
import { labelMapToCanvas } from "./view/nearest.js";
import { objectsToCanvas } from "./view/objects.js";
import { type Annotate, type ViewBatch, type ViewLoadOptions, viewBatches } from "./view-batches.js";

export interface DetectionBatch extends ViewBatch {
  /** `count` lists, in pixels of the canvas; a corrupt image has no objects. */
  readonly objects: readonly (readonly AnnotatedObject[])[];
}

export interface SegmentationBatch extends ViewBatch {
  /** [batch, height, width]; the dataset's `ignore` where the canvas shows no image, in corrupt images and in padding. */
  readonly labels: NdArray<"int32">;
}

/**
 * Images alone, for predictions. At most two batches are made ahead.
 * @throws DifftapError USAGE_INVALID for an index, size or batch that makes no sense; INTERRUPTED when the signal fires;
 * IMAGE_CORRUPT naming path and reason under "fail"; READ_FAILED and DATA_REFUSED always
 */
export async function* loadViews(dataset: ImageDataset, options: ViewLoadOptions): AsyncGenerator<ViewBatch> {
  for await (const { rows: _, ...batch } of viewBatches(dataset, options, alone)) yield batch;
}

/** Images with their objects. @throws as `loadViews`; DATA_REFUSED also when an image has another size than its annotations say */
export async function* loadDetection(
  dataset: DetectionDataset,
  options: ViewLoadOptions,
): AsyncGenerator<DetectionBatch> {
  const keep = options.augment === undefined ? 0 : keptShare(options.augment);
  const annotate: Annotate<readonly AnnotatedObject[]> = {
    read: async (index) => {
      const [size, objects] = await Promise.all([dataset.imageSize(index), dataset.objects(index)]);
      return { size, toCanvas: (view) => objectsToCanvas(objects, view, keep) };
    },
    nothing: [],
  };
  for await (const { rows, ...batch } of viewBatches(dataset, options, annotate))
    yield { ...batch, objects: rows };
}

/** Images with their label maps. @throws as `loadViews`; DATA_REFUSED also when an image has another size than its map */
export async function* loadSegmentation(
  dataset: SegmentationDataset,
  options: ViewLoadOptions,
): AsyncGenerator<SegmentationBatch> {
  const annotate: Annotate<LabelMap | null> = {
    read: async (index) => {
      const map = await dataset.labelMap(index);
      return { size: map, toCanvas: (view) => labelMapToCanvas(map, view, dataset.ignore) };
    },
    nothing: null,
  };
  const { batch: most, height, width } = options;
  for await (const { rows, ...batch } of viewBatches(dataset, options, annotate)) {
    const labels = ndarray("int32", [most, height, width]);
    labels.data.fill(dataset.ignore);
    for (const [place, map] of rows.entries())
      if (map !== null) labels.data.set(map.data, place * height * width);
    yield { ...batch, labels };
  }
}

const alone: Annotate<null> = {
  read: async () => ({ size: null, toCanvas: () => null }),
  nothing: null,
};
