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
import { DifftapError, type NdArray, ndarray } from "@difftap/core";
import type {
  AnnotatedObject,
  DetectionDataset,
  ImageSize,
  LabelMap,
  SegmentationDataset,
} from "./annotations.js";
import {
  type BatchOptions,
  type BatchRequest,
  checkPositive,
  type ImageFailure,
  inBatches,
  unlessCorrupt,
  writeChannelsFirst,
} from "./batches.js";
import type { ImageDataset } from "./dataset.js";
import type { Pixels } from "./image/resample.js";
import { wholePixels } from "./image/square.js";
import { coloured, drawView, keptShare, type ViewAugmentation } from "./view/augment-together.js";
import { labelMapToCanvas } from "./view/nearest.js";
import { objectsToCanvas } from "./view/objects.js";
import { pixelsToCanvas } from "./view/pixels.js";
import { type Fit, fitView, type View } from "./view/view.js";

export interface ViewLoadOptions extends BatchOptions {
  /** Of the canvas, in pixels. */
  readonly height: number;
  readonly width: number;
  readonly fit: Fit;
  /** Another view of each image in every epoch. The whole image, as it is, when absent. */
  readonly augment?: (ViewAugmentation & { readonly seed: number; readonly epoch: number }) | undefined;
}

export interface ViewBatch {
  /** Position of the first row in `indices`. */
  readonly start: number;
  /** Dataset indices of the rows, `count` of them. */
  readonly indices: Uint32Array;
  /** [batch, 3, height, width]; the last batch is filled up with zeros, so that every batch has one shape. */
  readonly images: NdArray<"uint8">;
  /** Rows that are images; the rest are padding. */
  readonly count: number;
  /** `count` ids. */
  readonly ids: readonly string[];
  /** `count` entries: 1, or 0 for a corrupt image, whose row is zeros. */
  readonly valid: Uint8Array;
  readonly failures: readonly ImageFailure[];
  /** `count` views, which lead from each image to the canvas and back; of a corrupt image, the canvas's own. */
  readonly views: readonly View[];
}

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

/** How what is drawn on an image is read, and taken along. */
interface Annotate<Row> {
  /** `size`: of the image, as the annotations have it; null when they do not say. */
  read(index: number): Promise<{ readonly size: ImageSize | null; toCanvas(view: View): Row }>;
  /** Of a corrupt image. */
  readonly nothing: Row;
}

const alone: Annotate<null> = {
  read: async () => ({ size: null, toCanvas: () => null }),
  nothing: null,
};

type Rows<Row> = ViewBatch & { readonly rows: readonly Row[] };

async function* viewBatches<Row>(
  dataset: ImageDataset,
  options: ViewLoadOptions,
  annotate: Annotate<Row>,
): AsyncGenerator<Rows<Row>> {
  checkPositive("height", options.height);
  checkPositive("width", options.width);
  yield* inBatches(dataset, options, (request) => makeBatch(dataset, request, options, annotate));
}

async function makeBatch<Row>(
  dataset: ImageDataset,
  { start, indices, limit, stopIfAborted }: BatchRequest,
  options: ViewLoadOptions,
  annotate: Annotate<Row>,
): Promise<Rows<Row>> {
  const { batch, height, width } = options;
  const images = ndarray("uint8", [batch, 3, height, width]);
  const made = await Promise.all(
    Array.from(indices, (index) =>
      limit(() => {
        stopIfAborted();
        return makeRow(dataset, index, options, annotate);
      }),
    ),
  );
  const shown = made.map((row) => ("reason" in row ? null : row));
  for (const [place, row] of shown.entries())
    if (row !== null) writeChannelsFirst(row.pixels, images.data, place * 3 * height * width);
  const canvas = { height, width };
  return {
    start,
    indices,
    images,
    count: indices.length,
    ids: Array.from(indices, (index) => dataset.id(index)),
    valid: Uint8Array.from(shown, (row) => (row === null ? 0 : 1)),
    failures: made.flatMap((row) => ("reason" in row ? [row] : [])),
    views: shown.map((row) => row?.view ?? fitView(canvas, canvas, options.fit)),
    rows: shown.map((row) => (row === null ? annotate.nothing : row.row)),
  };
}

interface MadeRow<Row> {
  readonly pixels: Pixels;
  readonly view: View;
  readonly row: Row;
}

async function makeRow<Row>(
  dataset: ImageDataset,
  index: number,
  options: ViewLoadOptions,
  annotate: Annotate<Row>,
): Promise<MadeRow<Row> | ImageFailure> {
  const id = dataset.id(index);
  const image = await dataset.read(index);
  return unlessCorrupt({ index, id, source: image.source }, options.onCorrupt, async () => {
    const { size, toCanvas } = await annotate.read(index);
    const pixels = await wholePixels(image);
    if (size !== null) checkSize(pixels, size, image.source);
    const view = viewOf(pixels, id, options);
    const shown = pixelsToCanvas(pixels, view);
    const { augment } = options;
    const coloursChanged = augment === undefined ? shown : coloured(shown, augment, { ...augment, id });
    return { pixels: coloursChanged, view, row: toCanvas(view) };
  });
}

function viewOf({ height, width }: Pixels, id: string, options: ViewLoadOptions): View {
  const { augment, fit } = options;
  const [source, canvas] = [
    { height, width },
    { height: options.height, width: options.width },
  ];
  if (augment === undefined) return fitView(source, canvas, fit);
  const address = { seed: augment.seed, id, epoch: augment.epoch };
  return drawView(source, { canvas, fit, augmentation: augment, address });
}

function checkSize(pixels: ImageSize, annotated: ImageSize, source: string): void {
  if (pixels.height === annotated.height && pixels.width === annotated.width) return;
  throw new DifftapError(
    "DATA_REFUSED",
    `${source} has ${pixels.width}×${pixels.height} pixels, its annotations are for ${annotated.width}×${annotated.height}`,
    { hint: "images and annotations were resized apart: take both at one size", details: { source } },
  );
}
