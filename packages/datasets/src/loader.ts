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
import { DifftapError, isDifftapError, type NdArray, ndarray, throwIfAborted } from "@difftap/core";
import sharp from "sharp";
import { checkIndex, type ImageDataset, type SourceImage } from "./dataset.js";
import { decodeTogether, groupsOfOneSize, type SmallJpeg, smallJpeg } from "./image/decode-together.js";
import type { Pixels } from "./image/resample.js";
import { squarePixels } from "./image/square.js";
import { inOrder, type Limiter, limiter } from "./in-order.js";

export interface LoadOptions {
  /** Which images, in this order; all of them when absent. */
  readonly indices?: Uint32Array | readonly number[] | undefined;
  /** Side of the images in pixels. */
  readonly size: number;
  /** Images per batch. */
  readonly batch: number;
  /** What a corrupt image does: ends the work, or leaves a row of zeros and an entry in `failures`. */
  readonly onCorrupt: "fail" | "skip";
  /** Images read and decoded at once; small JPEGs are decoded in groups, and a group counts as one. */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ImageFailure {
  readonly index: number;
  readonly id: string;
  readonly source: string;
  readonly reason: string;
}

export interface ImageBatch {
  /** Position of the first row in `indices`. */
  readonly start: number;
  /** Dataset indices of the rows, `count` of them. */
  readonly indices: Uint32Array;
  /** [batch, 3, size, size]; the last batch is filled up with zeros, so that every batch has one shape. */
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

/** Decodes in flight when `workers` is not given: libuv has four threads, and each should find the next image waiting. */
const DEFAULT_WORKERS = 8;

/** Batches being made while one is in use. Memory for pixels is (this + 1) batches. */
const PREFETCHED_BATCHES = 2;

/**
 * Reads, decodes and crops images in the order given. At most two batches are made ahead, so a slow consumer holds the reader back.
 * @throws DifftapError USAGE_INVALID for an index, size or batch that makes no sense; INTERRUPTED when the signal fires;
 * IMAGE_CORRUPT naming path and reason under "fail"; READ_FAILED and DATA_REFUSED always
 */
export async function* loadImages(dataset: ImageDataset, options: LoadOptions): AsyncGenerator<ImageBatch> {
  const { size, batch, workers = DEFAULT_WORKERS, signal } = options;
  checkPositive("size", size);
  checkPositive("batch", batch);
  checkPositive("workers", workers);
  const indices = Uint32Array.from(
    options.indices ?? Array.from({ length: dataset.length }, (_, index) => index),
  );
  for (const index of indices) checkIndex(index, dataset.length, dataset.name);
  sharp.concurrency(1); // one image, one thread: many small images run at once
  const limit = limiter(workers);
  const batches = Math.ceil(indices.length / batch);
  yield* inOrder(batches, PREFETCHED_BATCHES, (number, stopped) => {
    throwIfAborted(signal);
    const start = number * batch;
    return makeBatch(
      dataset,
      { ...options, start, stopped, indices: indices.slice(start, start + batch) },
      limit,
    );
  });
}

interface BatchRequest extends LoadOptions {
  readonly start: number;
  readonly indices: Uint32Array;
  /** Fires when nobody waits for the batch any more. */
  readonly stopped: AbortSignal;
}

async function makeBatch(dataset: ImageDataset, request: BatchRequest, limit: Limiter): Promise<ImageBatch> {
  const { start, indices, size, batch } = request;
  const images = ndarray("uint8", [batch, 3, size, size]);
  const valid = new Uint8Array(indices.length);
  const failures: ImageFailure[] = [];
  await decodeRows(dataset, request, limit, async (image, place) => {
    const pixels = await square(dataset, indices[place]!, image, request);
    if ("reason" in pixels) failures.push(pixels);
    else writeChannelsFirst(pixels, images.data, place * 3 * size * size);
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
  { indices, signal, stopped }: BatchRequest,
  limit: Limiter,
  finish: (image: SourceImage, place: number) => Promise<void>,
): Promise<void> {
  const small: (SmallJpeg & { place: number })[] = [];
  const readRow = async (index: number, place: number): Promise<void> => {
    throwIfAborted(signal);
    throwIfAborted(stopped);
    const image = await dataset.read(index);
    const jpeg = smallJpeg(image);
    if (jpeg === null) await finish(image, place);
    else small.push({ ...jpeg, place });
  };
  const decodeGroup = async (group: typeof small): Promise<void> => {
    throwIfAborted(signal);
    throwIfAborted(stopped);
    for (const [i, image] of (await decodeTogether(group)).entries()) await finish(image, group[i]!.place);
  };
  await Promise.all(Array.from(indices, (index, place) => limit(() => readRow(index, place))));
  small.sort((a, b) => a.place - b.place);
  await Promise.all(groupsOfOneSize(small).map((group) => limit(() => decodeGroup(group))));
}

async function square(
  dataset: ImageDataset,
  index: number,
  image: SourceImage,
  request: LoadOptions,
): Promise<Pixels | ImageFailure> {
  try {
    return await squarePixels(image, request.size);
  } catch (error) {
    if (request.onCorrupt === "fail" || !isDifftapError(error, "IMAGE_CORRUPT")) throw error;
    return { index, id: dataset.id(index), source: image.source, reason: error.message };
  }
}

/** Rows, columns, RGB → RGB, rows, columns. */
function writeChannelsFirst({ data }: Pixels, out: Uint8Array, offset: number): void {
  const plane = data.length / 3;
  for (let i = 0, read = 0; i < plane; i++) {
    out[offset + i] = data[read++]!;
    out[offset + plane + i] = data[read++]!;
    out[offset + 2 * plane + i] = data[read++]!;
  }
}

function checkPositive(name: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new DifftapError("USAGE_INVALID", `${name} is ${value}; it must be a whole number above 0`);
}
