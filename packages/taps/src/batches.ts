/** What the extractor is fed and what it gives back. */
import type { ImageSize } from "@difftap/backbone";
import type { NdArray } from "@difftap/core";

/** An image that could not be decoded. */
export interface ImageFailure {
  readonly index: number;
  readonly id: string;
  readonly source: string;
  readonly reason: string;
}

/** A batch of images, as @difftap/datasets loads them. */
export interface ImageBatch {
  /** [batch, 3, height, width]; rows from `count` on are zeros. */
  readonly images: NdArray<"uint8">;
  /** Rows that are images. */
  readonly count: number;
  readonly labels: Int32Array;
  readonly ids: readonly string[];
  /** 1, or 0 for an image that could not be decoded. */
  readonly valid: Uint8Array;
  readonly failures: readonly ImageFailure[];
}

/**
 * Loads the images of the given rows, in that order, in batches of `batch` (the last one padded).
 * It is called once for each size of a request. Which image a row is, is for the caller to say: `(rows, options) => loadImages(dataset, { indices: rows, ...options })`.
 */
export type ImageLoader = (
  rows: Uint32Array,
  options: { readonly batch: number; readonly size: ImageSize; readonly signal?: AbortSignal | undefined },
) => AsyncIterable<ImageBatch>;

/** The same images at each size of a request. */
export interface SizedBatch {
  /** In the order of `sizedTaps`. */
  readonly images: readonly NdArray<"uint8">[];
  /** What is known of them; an image that one size lacks counts as not decoded. */
  readonly about: Omit<ImageBatch, "images">;
}

/** Rows start … start + count − 1. */
export interface RowRange {
  readonly start: number;
  readonly count: number;
}

/** Features of consecutive rows. */
export interface FeatureBatch extends RowRange {
  /** By array name: [count, ...sampleShape]; zeros where `valid` is 0. */
  readonly features: ReadonlyMap<string, NdArray<"float32">>;
  readonly labels: Int32Array;
  readonly ids: readonly string[];
  readonly valid: Uint8Array;
  readonly failures: readonly ImageFailure[];
}
