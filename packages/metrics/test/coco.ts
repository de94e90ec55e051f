/** COCO's files as the sets that are evaluated, and its names of the twelve figures. */
import { polygonMask, type RunLengthMask, runLengthMask, runsFromText } from "@difftap/core";
import type { Box, CocoFigures, Detection, DetectionSet, TrueObject } from "../src/index.js";

export type CocoSegmentation = number[][] | { size: [number, number]; counts: number[] | string };

export interface CocoFile {
  images: { id: number; height: number; width: number }[];
  categories: { id: number; name: string }[];
  annotations: {
    id: number;
    image_id: number;
    category_id: number;
    bbox: number[];
    area: number;
    iscrowd: 0 | 1;
    segmentation: CocoSegmentation;
  }[];
}

export interface CocoResult {
  image_id: number;
  category_id: number;
  bbox?: number[];
  score: number;
  segmentation?: CocoSegmentation;
}

/** Names as pycocotools prints them, in its order. */
export const cocoNames = {
  ap: "AP",
  ap50: "AP50",
  ap75: "AP75",
  apSmall: "AP_small",
  apMedium: "AP_medium",
  apLarge: "AP_large",
  ar1: "AR_1",
  ar10: "AR_10",
  ar100: "AR_100",
  arSmall: "AR_small",
  arMedium: "AR_medium",
  arLarge: "AR_large",
} as const satisfies Record<keyof CocoFigures, string>;

export function detectionSet(file: CocoFile, results: readonly CocoResult[]): DetectionSet {
  const sizes = new Map(file.images.map((image) => [image.id, image]));
  const labels = new Map(file.categories.map(({ id }, label) => [id, label]));
  const placed = (object: CocoResult | CocoFile["annotations"][number]) => ({
    image: object.image_id,
    label: labels.get(object.category_id)!,
    box: (object.bbox ?? [0, 0, 0, 0]) as unknown as Box,
    ...(object.segmentation && { mask: maskOf(object.segmentation, sizes.get(object.image_id)!) }),
  });
  return {
    images: file.images.map(({ id }) => id),
    categories: file.categories,
    groundTruth: file.annotations.map(
      (object): TrueObject => ({ ...placed(object), area: object.area, crowd: object.iscrowd === 1 }),
    ),
    detections: results.map((found): Detection => ({ ...placed(found), score: found.score })),
  };
}

function maskOf(
  segmentation: CocoSegmentation,
  image: { readonly height: number; readonly width: number },
): RunLengthMask {
  if (Array.isArray(segmentation)) return polygonMask(segmentation, image);
  const [height, width] = segmentation.size;
  const { counts } = segmentation;
  return typeof counts === "string"
    ? runsFromText(counts, { height, width })
    : runLengthMask(counts, { height, width });
}

/** Largest difference of the twelve figures; infinite where only one of them is missing. */
export function largestDifference(figures: CocoFigures, expected: readonly number[]): number {
  const values = Object.keys(cocoNames).map((name) => figures[name as keyof CocoFigures]);
  const differences = values.map((value, place) => {
    if (value === null) return expected[place] === -1 ? 0 : Number.POSITIVE_INFINITY;
    return Math.abs(value - expected[place]!);
  });
  return Math.max(...differences);
}
