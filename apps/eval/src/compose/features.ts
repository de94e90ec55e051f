/** Images → features in a store: the one composition of loader, runtime, extractor and store. */
import type { BackboneRuntime } from "@difftap/backbone";
import { option, wholeNumber } from "@difftap/command-line";
import type { LongWork } from "@difftap/core";
import { loadImages } from "@difftap/datasets";
import {
  chooseChunkSamples,
  createFeatureStore,
  type FeatureStore,
  openFeatureStore,
  type Shard,
  shardChunks,
} from "@difftap/feature-store";
import {
  assembleChunks,
  checkRequest,
  extractFeatures,
  type FeatureRequest,
  type ImageLoader,
  type ImageSides,
  parseRequest,
  requestedArrays,
  requestHash,
  rowsOfChunks,
  type Timestep,
} from "@difftap/taps";
import { z } from "zod";
import type { Selection } from "./images.js";
import { blockList, poolSize, timestepList } from "./values.js";

export const tapOptions = {
  blocks: option(
    "<list>",
    'blocks to read, such as 9 or 1-6,9; "all" for every block',
    blockList().default("all"),
  ),
  timesteps: option(
    "<list>",
    'noise levels by index, such as 10,50; "clean" for none',
    timestepList().default([50]),
  ),
  pool: option("<cells>", 'side of the pooled map; "map" keeps it whole', poolSize().default(2)),
  draws: option("<n>", "draws of noise averaged per image", wholeNumber(1).default(1)),
  seed: option("<n>", "seed of the noise", wholeNumber().default(1)),
};

export const runtimeOptions = {
  batch: option("<n>", "images per run of the network", wholeNumber(1).default(32)),
  workers: option(
    "<n>",
    "sessions side by side (default: what suits this machine)",
    wholeNumber(1).optional(),
  ),
  dtype: option(
    "<float32|float16>",
    "how features are stored",
    z.enum(["float32", "float16"]).default("float32"),
  ),
};

export interface TapChoice {
  readonly blocks: readonly number[] | "all";
  readonly timesteps: readonly Timestep[];
  readonly pool: number | "map";
  readonly draws: number;
  readonly seed: number;
  /** Of images that the blocks are read at too, beside those of the job's own size. */
  readonly otherSizes?: readonly ImageSides[] | undefined;
}

export interface ExtractionJob {
  readonly runtime: BackboneRuntime;
  readonly images: Selection;
  readonly taps: TapChoice;
  /** Of the images in pixels. */
  readonly size: ImageSides;
  readonly batch: number;
  readonly dtype: "float32" | "float16";
  readonly onCorrupt: "skip" | "fail";
  /** Folder of the store. */
  readonly store: string;
  readonly shard?: Shard | undefined;
}

export interface Extraction {
  readonly store: FeatureStore;
  /** Images whose features were computed now; the rest had been there. */
  readonly computed: number;
  readonly skipped: number;
  readonly seconds: number;
}

/** The request that a job stands for, checked against the network. @throws DifftapError REQUEST_INVALID */
export function requestOf({ runtime, images, taps, size }: ExtractionJob): FeatureRequest {
  const { blocks, pool, timesteps, draws, seed, otherSizes = [] } = taps;
  const numbers = blocks === "all" ? runtime.blocks.map((block) => block.number) : blocks;
  const { name, digest } = images.dataset;
  const request = parseRequest({
    taps: [undefined, ...otherSizes].flatMap((other) =>
      numbers.map((block) => ({ block, pool, ...(other !== undefined && { size: other }) })),
    ),
    timesteps,
    draws,
    seed,
    size,
    weights: runtime.weightsDigest,
    architecture: runtime.architecture,
    dataset: { name, digest, count: images.indices.length },
  });
  checkRequest(request);
  return request;
}

/**
 * Extracts what the store lacks: a second call continues, a finished one computes nothing.
 * @throws DifftapError STORE_MISMATCH for a store of another request, and whatever loader, runtime and store throw.
 */
export async function extractToStore(job: ExtractionJob, work: LongWork = {}): Promise<Extraction> {
  const request = requestOf(job);
  const samples = request.dataset.count;
  const arrays = requestedArrays(request).map(({ name, sampleShape }) => ({ name, sampleShape }));
  const chunkSamples = chooseChunkSamples({ arrays, dtype: job.dtype, samples, batch: job.batch });
  const writer = await createFeatureStore(job.store, {
    request,
    requestHash: requestHash(request),
    samples,
    arrays,
    dtype: job.dtype,
    chunkSamples,
  });
  const pending = await writer.pendingChunks(job.shard && shardChunks(writer.chunkCount, job.shard), {
    signal: work.signal,
  });
  const rows = rowsOfChunks(pending, { chunkSamples, samples });
  const started = performance.now();
  let skipped = 0;
  if (rows.length > 0) {
    const batches = extractFeatures(job.runtime, loaderOf(job), request, { ...work, batch: job.batch, rows });
    for await (const chunk of assembleChunks(batches, { chunkSamples, samples })) {
      for (const { source, reason } of chunk.failures) {
        work.onProgress?.({
          task: "features",
          done: chunk.start,
          unit: "images",
          message: `skipped ${source}: ${reason}`,
        });
      }
      skipped += chunk.failures.length;
      await writer.writeChunk(chunk.chunk, chunk);
    }
  }
  await writer.finish();
  const computed = rows.reduce((sum, { count }) => sum + count, 0);
  return {
    store: await openFeatureStore(job.store),
    computed,
    skipped,
    seconds: (performance.now() - started) / 1000,
  };
}

function loaderOf({ images, onCorrupt }: ExtractionJob): ImageLoader {
  return (rows, options) => {
    const indices = rows.map((row) => images.indices[row]!);
    return loadImages(images.dataset, { ...options, onCorrupt, indices });
  };
}
