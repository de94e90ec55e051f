/**
 * Batches of images, decoded ahead of their use.
 *
 * ```ts
 * import { loadImages, openDataset } from "@difftap/datasets";
 *
 * const dataset = await openDataset("scenes:count=10,size=32,seed=1");
 * for await (const batch of loadImages(dataset, { size: 32, batch: 4, onCorrupt: "fail" })) {
 *   console.log(batch.start, batch.count, batch.images.shape, batch.labels);
 * }
 * ```
 */
import { type NdArray, ndarray } from "@difftap/core";
import {
  type BatchOptions,
  type BatchRequest,
  checkPositive,
  type ImageFailure,
  inBatches,
  unlessCorrupt,
  writeChannelsFirst,
} from "./batches.js";
import type { ImageDataset, SourceImage } from "./dataset.js";
import { type CropSize, sidesOf } from "./image/centre-crop.js";
import { decodeTogether, groupsOfOneSize, type SmallJpeg, smallJpeg } from "./image/decode-together.js";
import { squarePixels } from "./image/square.js";

/** Small JPEGs are decoded in groups, and a group counts as one of `workers`. */
export interface LoadOptions extends BatchOptions {
  /** Of the images in pixels: the side of squares, or height and width. */
  readonly size: CropSize;
}

export interface ImageBatch {
  /** Position of the first row in `indices`. */
  readonly start: number;
  /** Dataset indices of the rows, `count` of them. */
  readonly indices: Uint32Array;
  /** [batch, 3, height, width]; the last batch is filled up with zeros, so that every batch has one shape. */
  readonly images: NdArray<"uint8">;
  /** Rows that are images; the rest are padding. */
  readonly count: number;
  /** `count` labels. */
  readonly labels: Int32Array;
  /** `count` ids. */
  readonly ids: readonly string[];
  /** `count` entries: 1, or 0 for a corrupt image, whose row is zeros. */
  readonly valid: Uint8Array;
  readonly failures: readonly ImageFailure[];
}

/**
 * Reads, decodes and crops images in the order given. At most two batches are made ahead, so a slow consumer holds the reader back.
 * @throws DifftapError USAGE_INVALID for an index, size or batch that makes no sense; INTERRUPTED when the signal fires;
 * IMAGE_CORRUPT naming path and reason under "fail"; READ_FAILED and DATA_REFUSED always
 */
export async function* loadImages(dataset: ImageDataset, options: LoadOptions): AsyncGenerator<ImageBatch> {
  const { height, width } = sidesOf(options.size);
  for (const side of [height, width]) checkPositive("size", side);
  yield* inBatches(dataset, options, (request) => makeBatch(dataset, request, options));
}

async function makeBatch(
  dataset: ImageDataset,
  request: BatchRequest,
  { size, batch, onCorrupt }: LoadOptions,
): Promise<ImageBatch> {
  const { start, indices } = request;
  const { height, width } = sidesOf(size);
  const images = ndarray("uint8", [batch, 3, height, width]);
  const valid = new Uint8Array(indices.length);
  const failures: ImageFailure[] = [];
  await decodeRows(dataset, request, async (image, place) => {
    const index = indices[place]!;
    const about = { index, id: dataset.id(index), source: image.source };
    const pixels = await unlessCorrupt(about, onCorrupt, () => squarePixels(image, size));
    if ("reason" in pixels) failures.push(pixels);
    else writeChannelsFirst(pixels, images.data, place * 3 * height * width);
    valid[place] = "reason" in pixels ? 0 : 1;
  });
  return {
    start,
    indices,
    images,
    count: indices.length,
    labels: Int32Array.from(indices, (index) => dataset.label(index)),
    ids: Array.from(indices, (index) => dataset.id(index)),
    valid,
    failures: failures.sort((a, b) => indices.indexOf(a.index) - indices.indexOf(b.index)),
  };
}

/** Reads the batch's images and hands each to `finish`: at once, or, small JPEGs, when all are read and decoded in groups. */
async function decodeRows(
  dataset: ImageDataset,
  { indices, limit, stopIfAborted }: BatchRequest,
  finish: (image: SourceImage, place: number) => Promise<void>,
): Promise<void> {
  const small: (SmallJpeg & { place: number })[] = [];
  const readRow = async (index: number, place: number): Promise<void> => {
    stopIfAborted();
    const image = await dataset.read(index);
    const jpeg = smallJpeg(image);
    if (jpeg === null) await finish(image, place);
    else small.push({ ...jpeg, place });
  };
  const decodeGroup = async (group: typeof small): Promise<void> => {
    stopIfAborted();
    for (const [i, image] of (await decodeTogether(group)).entries()) await finish(image, group[i]!.place);
  };
  await Promise.all(Array.from(indices, (index, place) => limit(() => readRow(index, place))));
  small.sort((a, b) => a.place - b.place);
  await Promise.all(groupsOfOneSize(small).map((group) => limit(() => decodeGroup(group))));
}
