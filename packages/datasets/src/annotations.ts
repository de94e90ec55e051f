/** What detection and segmentation are trained and judged on: images with their objects, and images with a class per pixel. */
import type { RunLengthMask } from "@difftap/core";
import type { ImageDataset } from "./dataset.js";

export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** Left, top, width, height in pixels of the image, as COCO has them; 0 is the left (upper) edge of the first pixel. */
export type Box = readonly [left: number, top: number, width: number, height: number];

export interface AnnotatedObject {
  /** Place in the dataset's `categories`. */
  readonly label: number;
  readonly box: Box;
  /** In square pixels: as the file says, else the mask's, else the box's. */
  readonly area: number;
  /** The box holds many objects that nobody told apart: what is found inside is neither right nor wrong. */
  readonly crowd: boolean;
  /** Hard to make out: finding it or not counts nowhere. */
  readonly difficult: boolean;
  readonly mask?: RunLengthMask;
}

export interface Category {
  /** The dataset's own number, which its file formats are written with; gaps are allowed. */
  readonly id: number;
  readonly name: string;
}

/** What became of boxes that could not be taken as they are written. */
export interface BoxReport {
  /** Boxes read. */
  readonly boxes: number;
  /** They reach over the image's edge and were cut there. */
  readonly clipped: number;
  /** They have no area, or none inside the image, and are no objects. */
  readonly dropped: number;
  /** The first dropped ones: where they are and what they say. */
  readonly examples: readonly string[];
}

export interface DetectionDataset extends ImageDataset {
  /** By label. */
  readonly categories: readonly Category[];
  imageSize(index: number): Promise<ImageSize>;
  /** Every object of image `index`, in the order written; none for an empty image. @throws DifftapError DATA_REFUSED, READ_FAILED */
  objects(index: number): Promise<readonly AnnotatedObject[]>;
  /** The dataset's own number of image `index`, where it has one: what COCO's result files call it. */
  imageId?(index: number): number;
  readonly report?: BoxReport;
}

/** A class per pixel: rows, then columns. */
export interface LabelMap extends ImageSize {
  readonly data: Uint8Array | Uint16Array;
}

export interface SegmentationDataset extends ImageDataset {
  /** By label. */
  readonly labelNames: readonly string[];
  /** The value in label maps that counts nowhere: 255, or 65535 where there are more labels. */
  readonly ignore: number;
  /** @throws DifftapError DATA_REFUSED for a value that is no label, IMAGE_CORRUPT, READ_FAILED */
  labelMap(index: number): Promise<LabelMap>;
}
