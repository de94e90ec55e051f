/** Detections as COCO's servers and pycocotools take them. */
import { runsToText } from "@difftap/core";
import type { DetectionDataset } from "@difftap/datasets";
import type { Detection } from "@difftap/detection";

export interface CocoResult {
  readonly image_id: number | string;
  readonly category_id: number;
  readonly bbox: readonly number[];
  readonly score: number;
  readonly segmentation?: { readonly size: readonly [number, number]; readonly counts: string };
}

/** With the data set's own numbers of images and categories; where images have none, their ids. */
export function cocoResults(detections: readonly Detection[], dataset: DetectionDataset): CocoResult[] {
  return detections.map(({ image, label, box, score, mask }) => ({
    image_id: dataset.imageId?.(image) ?? dataset.id(image),
    category_id: dataset.categories[label]!.id,
    bbox: [...box],
    score,
    ...(mask && { segmentation: { size: [mask.height, mask.width], counts: runsToText(mask) } }),
  }));
}
