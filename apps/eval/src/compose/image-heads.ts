/**
 * Images as heads and their trainer see them: decoded, noised and run through the frozen backbone batch by batch. In training each
 * epoch has its own crops, mirrorings and noise, all addressed by seed, epoch and sample.
 */
import type { BackboneRuntime, TapSession, TrainedFeedback } from "@difftap/backbone";
import { loadImages } from "@difftap/datasets";
import type { HeadTap } from "@difftap/heads";
import {
  checkRequest,
  closeSessions,
  extractFeatures,
  type FeatureRequest,
  type ImageBatch,
  type ImageLoader,
  type ImageSides,
  openSessions,
  requestedArrays,
  sizedTaps,
} from "@difftap/taps";
import { augmentImages, type FeatureSource, type ReadOptions } from "@difftap/trainer";
import { requestOf, type TapChoice } from "./features.js";
import type { HeadFeatures } from "./head-features.js";
import { type HeadReading, readingOf } from "./head-reading.js";
import type { Selection } from "./images.js";
import { tapsOf } from "./stored-heads.js";

export interface ImageHeadOptions {
  readonly runtime: BackboneRuntime;
  readonly images: Selection;
  readonly taps: TapChoice;
  /** Of the images in pixels. */
  readonly size: ImageSides;
  /** Crops and mirrors, and draws noise anew in each epoch. */
  readonly augment: boolean;
  /** What is computed for the heads, given the taps; the taps unless given. */
  readonly inputs?: (taps: readonly HeadTap[]) => readonly HeadTap[] | Promise<readonly HeadTap[]>;
  /** For inputs of pass 2. */
  readonly feedback?: TrainedFeedback | undefined;
}

interface Reading extends ImageHeadOptions {
  /** One for each size of images. */
  readonly sessions: readonly TapSession[];
  readonly request: FeatureRequest;
  readonly reading: HeadReading;
}

/** @throws DifftapError REQUEST_INVALID for taps that the backbone does not have. */
export async function readImageFeatures(options: ImageHeadOptions): Promise<HeadFeatures> {
  const { runtime, images, size, feedback } = options;
  const job = { ...options, batch: 1, dtype: "float32", onCorrupt: "fail", store: "" } as const;
  const request = requestOf(job);
  checkRequest(request);
  const names = requestedArrays(request).map(({ name }) => name);
  const taps = tapsOf(request, names);
  const reading = readingOf(request, taps, (await options.inputs?.(taps)) ?? taps);
  const sized = sizedTaps({ size, taps: reading.taps });
  const sessions = await openSessions(runtime, sized, feedback && { feedback });
  return {
    taps,
    source: sourceOf({ ...options, reading, request: reading.request, sessions }),
    labels: Int32Array.from(images.indices, (index) => images.dataset.label(index)),
    classNames: images.dataset.classes,
    request,
    rows: Uint32Array.from(images.indices.keys()),
    images,
    close: () => closeSessions(sessions),
  };
}

function sourceOf(reading: Reading): FeatureSource {
  const { images, sessions } = reading;
  return {
    length: images.indices.length,
    async *batches(indices, options) {
      const { batch, signal } = options;
      const request = requestFor(reading, indices.length, options);
      const loader = loaderFor(reading, indices, options);
      for await (const { features, labels } of extractFeatures(sessions, loader, request, {
        batch,
        signal,
      })) {
        yield { features: reading.reading.named(features), labels };
      }
    },
  };
}

/** Another seed is other noise: training sees each epoch's own, evaluation always that of a store with the same seed. */
function requestFor({ request, augment }: Reading, count: number, { epoch }: ReadOptions): FeatureRequest {
  const seed = augment ? request.seed + 1 + epoch : request.seed;
  return { ...request, seed, dataset: { ...request.dataset, count } };
}

function loaderFor(
  { images, augment, request }: Reading,
  indices: Uint32Array,
  { epoch }: ReadOptions,
): ImageLoader {
  return (rows, options) => {
    const samples = rows.map((row) => indices[row]!);
    const chosen = samples.map((sample) => images.indices[sample]!);
    const loaded = loadImages(images.dataset, { ...options, onCorrupt: "fail", indices: chosen });
    return augment ? augmented(loaded, { seed: request.seed, epoch, samples }) : loaded;
  };
}

async function* augmented(
  loaded: AsyncIterable<ImageBatch>,
  { samples, ...address }: { seed: number; epoch: number; samples: Uint32Array },
): AsyncGenerator<ImageBatch> {
  let start = 0;
  for await (const batch of loaded) {
    const rows = batch.images.shape[0]!;
    // Rows that only fill the batch up have no sample; what is done to them is never seen.
    const own = Uint32Array.from({ length: rows }, (_, row) => samples[start + row] ?? 0);
    start += batch.count;
    yield { ...batch, images: augmentImages(batch.images, { ...address, samples: own }) };
  }
}
