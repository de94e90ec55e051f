/** What every dataset is to the rest of difftap: a fixed number of images with ids and labels, readable in any order. */
import { DifftapError } from "@difftap/core";

/** An image as it lies in its file: JPEG, PNG or WebP, not yet decoded. */
export interface EncodedImage {
  readonly kind: "encoded";
  readonly bytes: Uint8Array;
  /** Where it came from, for error messages: a path, or archive and member. */
  readonly source: string;
}

/** An image that is already pixels: rows, columns, RGB; `width * height * 3` bytes. */
export interface RawImage {
  readonly kind: "pixels";
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly source: string;
}

export type SourceImage = EncodedImage | RawImage;

/** The label of an image that has none. */
export const unlabelled = -1;

export interface ImageDataset {
  /** For people: the folder, archive or generator it came from. */
  readonly name: string;
  /** Number of images. */
  readonly length: number;
  /** Class names by label; null when there are no labels or they have no names. */
  readonly classes: readonly string[] | null;
  /** Fingerprint of the content (ids, labels, sizes; each kind says what else), 64 hex digits, the same wherever the data lies. */
  readonly digest: string;
  /** Name of image `index`: unique, and the same on every machine. Noise is addressed by it. */
  id(index: number): string;
  /** Class of image `index`, 0 … classes−1, or `unlabelled`. */
  label(index: number): number;
  /** The image's bytes or pixels. @throws DifftapError READ_FAILED, DATA_REFUSED */
  read(index: number): Promise<SourceImage>;
  /** Releases open files; a later read opens them again. */
  close?(): Promise<void>;
}

/**
 * All labels in order.
 * @returns Int32Array of `dataset.length`.
 */
export function labelsOf(dataset: ImageDataset): Int32Array {
  return Int32Array.from({ length: dataset.length }, (_, index) => dataset.label(index));
}

/** @throws DifftapError USAGE_INVALID when `index` is no image of a dataset of `length` images. */
export function checkIndex(index: number, length: number, name: string): void {
  if (Number.isInteger(index) && index >= 0 && index < length) return;
  throw new DifftapError(
    "USAGE_INVALID",
    `image ${index} does not exist in ${name}: it has images 0 to ${length - 1}`,
  );
}
