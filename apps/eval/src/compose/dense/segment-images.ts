/** Label maps of a whole set, predicted image by image at the size of the original, and counted against what is there. */
import type { LongWork, NdArray } from "@difftap/core";
import {
  type LabelMap,
  loadSegmentation,
  type SegmentationBatch,
  type SegmentationDataset,
  type View,
} from "@difftap/datasets";
import { countPixels, type PixelCounts } from "@difftap/metrics";
import { labelMapOf } from "@difftap/segmentation";
import type { Selection } from "../images.js";
import type { CanvasOptions } from "./canvas.js";

/** Rows and columns. */
interface Size {
  readonly height: number;
  readonly width: number;
}

/** Scores [classes, height, width] of each image of a batch, its whole canvas drawn at the size that is asked for in its place. */
export type SegmentBatch = (
  batch: SegmentationBatch,
  sizes: readonly Size[],
) => Promise<readonly NdArray<"float32">[]>;

export interface SegmentedImage {
  readonly index: number;
  readonly truth: LabelMap;
  readonly predicted: LabelMap;
}

/**
 * @param seen is told of each image, in order
 * @throws DifftapError IMAGE_CORRUPT, READ_FAILED, DATA_REFUSED, INTERRUPTED.
 */
export async function segmentImages(
  { dataset, indices }: Selection<SegmentationDataset>,
  canvas: CanvasOptions,
  segment: SegmentBatch,
  { signal, onProgress, seen }: LongWork & { seen?: (image: SegmentedImage) => void } = {},
): Promise<PixelCounts> {
  const counts = countPixels(dataset);
  let done = 0;
  for await (const batch of loadSegmentation(dataset, { ...canvas, indices, onCorrupt: "fail", signal })) {
    const scores = await segment(batch, batch.views.map(canvasAtSource));
    for (const [row, index] of batch.indices.entries()) {
      const truth = await dataset.labelMap(index);
      const predicted = cut(labelMapOf(scores[row]!), truth);
      counts.add(truth, predicted);
      seen?.({ index, truth, predicted });
    }
    done += batch.count;
    onProgress?.({ task: "segmentation", done, total: indices.length, unit: "images" });
  }
  return counts;
}

/** How large the canvas is where the image on it has the size of the original. */
function canvasAtSource({ source, resized, canvas }: View): Size {
  return {
    height: Math.round((canvas.height * source.height) / resized.height),
    width: Math.round((canvas.width * source.width) / resized.width),
  };
}

/** The image lies in the upper left; the rest is padding. */
function cut({ width: from, data }: LabelMap, { height, width }: Size): LabelMap {
  const kept = data.slice(0, height * width);
  for (let row = 0; row < height; row++) {
    kept.set(data.subarray(row * from, row * from + width), row * width);
  }
  return { height, width, data: kept };
}
