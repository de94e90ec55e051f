/** Batches of images on one canvas, and of what is drawn on them: what the loaders of views share. */
import { DifftapError, type NdArray, ndarray } from "@difftap/core";
import type { ImageSize } from "./annotations.js";
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
import { coloured, drawView, type ViewAugmentation } from "./view/augment-together.js";
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

/** How what is drawn on an image is read, and taken along. */
export interface Annotate<Row> {
  /** `size`: of the image, as the annotations have it; null when they do not say. */
  read(index: number): Promise<{ readonly size: ImageSize | null; toCanvas(view: View): Row }>;
  /** Of a corrupt image. */
  readonly nothing: Row;
}

type Rows<Row> = ViewBatch & { readonly rows: readonly Row[] };

/** Batches of views with what `annotate` makes of each image. At most two are made ahead. */
export async function* viewBatches<Row>(
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
