/** Segmentation of images at their own size: in windows, at several scales, mirrored too, all averaged. */
import { type LongWork, type NdArray, ndarray } from "@difftap/core";
import { loadViews, type SegmentationDataset } from "@difftap/datasets";
import { countPixels, type PixelCounts } from "@difftap/metrics";
import {
  inMultiplesOf,
  labelMapOf,
  multiScale,
  type PredictImage,
  type Segmenter,
  slidingWindow,
} from "@difftap/segmentation";
import { scaled } from "../image-arrays.js";
import type { Selection } from "../images.js";
import type { MapReader } from "./map-reader.js";
import { onMaps } from "./on-maps.js";
import { segmentationScores } from "./scores.js";

/** Rows and columns. */
interface Size {
  readonly height: number;
  readonly width: number;
}

export interface WindowOptions {
  /** Whole images unless given. */
  readonly window?: Size | undefined;
  /** Two thirds of the window unless given. */
  readonly stride?: Size | undefined;
  readonly scales: readonly number[];
  readonly mirror: boolean;
}

export interface WindowPredictor {
  readonly reader: MapReader;
  readonly segmenter: Segmenter;
  readonly noiseSeed: number;
}

/** @throws DifftapError USAGE_INVALID for windows and scales that make no sense; IMAGE_CORRUPT, READ_FAILED, DATA_REFUSED, INTERRUPTED. */
export async function segmentInWindows(
  { dataset, indices }: Selection<SegmentationDataset>,
  predictor: WindowPredictor,
  options: WindowOptions,
  { signal, onProgress }: LongWork = {},
): Promise<PixelCounts> {
  const counts = countPixels(dataset);
  for (const [done, index] of indices.entries()) {
    const truth = await dataset.labelMap(index);
    const { height, width } = truth;
    const view = { indices: [index], height, width, fit: "stretch", batch: 1, onCorrupt: "fail" } as const;
    for await (const { images, ids } of loadViews(dataset, { ...view, signal })) {
      const scores = await predictAs(ids[0]!, predictor, options)(imageOf(images));
      counts.add(truth, labelMapOf(scores));
    }
    onProgress?.({ task: "segmentation", done: done + 1, total: indices.length, unit: "images" });
  }
  return counts;
}

/** x_0 of the only image of a batch, [3, height, width]. */
function imageOf(images: NdArray<"uint8">): NdArray<"float32"> {
  const { shape, data } = scaled(images);
  return ndarray("float32", shape.slice(1), data);
}

/** Scales around windows around multiples. The noise is that of the image's id, at each size of what is fed. */
function predictAs(id: string, predictor: WindowPredictor, options: WindowOptions): PredictImage {
  const { window, stride = window && twoThirds(window), scales, mirror } = options;
  const fed = inMultiplesOf(onNetwork(id, predictor), predictor.reader.multiple);
  const inWindows = window && stride ? slidingWindow(fed, { window, stride }) : fed;
  return multiScale(inWindows, { scales, flip: mirror });
}

function twoThirds({ height, width }: Size): Size {
  return { height: Math.ceil((2 * height) / 3), width: Math.ceil((2 * width) / 3) };
}

function onNetwork(id: string, { reader, segmenter, noiseSeed }: WindowPredictor): PredictImage {
  return async (image) => {
    const [, height, width] = image.shape as [number, number, number];
    const images = ndarray("float32", [1, ...image.shape], image.data);
    return onMaps(reader, { images, ids: [id] }, noiseSeed, async (maps) => {
      const [scores] = await segmentationScores(segmenter, maps, [{ height, width }]);
      return scores!;
    });
  };
}
