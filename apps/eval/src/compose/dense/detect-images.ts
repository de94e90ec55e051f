/** Objects of a whole set: found image by image, and held against what is there. */
import type { LongWork } from "@difftap/core";
import { type DetectionBatch, type DetectionDataset, loadDetection, type View } from "@difftap/datasets";
import type { Detection, OriginalImage } from "@difftap/detection";
import {
  type DetectionEvaluation,
  evaluateDetections,
  evaluateVocDetections,
  type TrueObject,
  type VocEvaluation,
} from "@difftap/metrics";
import type { Selection } from "../images.js";
import type { CanvasOptions } from "./canvas.js";

/** The objects of each image of a batch, in the pixels of the original. */
export type DetectBatch = (
  batch: DetectionBatch,
  originals: readonly OriginalImage[],
) => Promise<readonly (readonly Detection[])[]>;

/** `image` is the index in the data set. */
export interface DetectedSet {
  readonly images: readonly number[];
  readonly groundTruth: readonly TrueObject[];
  readonly detections: readonly Detection[];
}

/** @throws DifftapError IMAGE_CORRUPT, READ_FAILED, DATA_REFUSED, INTERRUPTED. */
export async function detectImages(
  test: Selection<DetectionDataset>,
  canvas: CanvasOptions,
  detect: DetectBatch,
  { signal, onProgress }: LongWork = {},
): Promise<DetectedSet> {
  const { dataset, indices } = test;
  const [images, detections, groundTruth]: [number[], Detection[], TrueObject[]] = [[], [], []];
  const read = readOnce(dataset);
  const loaded = loadDetection(read.dataset, { ...canvas, indices, onCorrupt: "fail", signal });
  for await (const batch of loaded) {
    const originals = batch.views.map((view, row) => originalOf(view, batch.indices[row]!));
    detections.push(...(await detect(batch, originals)).flat());
    for (const image of batch.indices) {
      images.push(image);
      groundTruth.push(...(await read.take(image)).map((object) => ({ ...object, image })));
    }
    onProgress?.({ task: "detection", done: images.length, total: indices.length, unit: "images" });
  }
  return { images, groundTruth, detections };
}

/** A data set whose objects, once the loader has read them, are there for the scores too; `take` gives them away. */
function readOnce(dataset: DetectionDataset) {
  const read = new Map<number, ReturnType<DetectionDataset["objects"]>>();
  const objects = (image: number) => {
    const reading = dataset.objects(image);
    read.set(image, reading);
    return reading;
  };
  const take = (image: number) => {
    const reading = read.get(image) ?? dataset.objects(image);
    read.delete(image);
    return reading;
  };
  return { dataset: { ...dataset, objects }, take };
}

/** Whole images lie in the upper left of the canvas. */
function originalOf({ source, resized }: View, image: number): OriginalImage {
  return { image, ...source, scale: [resized.width / source.width, resized.height / source.height] };
}

export interface DetectionScores {
  readonly box: DetectionEvaluation;
  /** Where every object and every detection has a mask. */
  readonly mask: DetectionEvaluation | undefined;
  readonly voc: VocEvaluation;
}

/** COCO's figures of boxes, of masks where there are such, and VOC's. With a seed, intervals over resampled images. */
export function scoreDetections(
  set: DetectedSet,
  categories: DetectionDataset["categories"],
  seed?: number,
): DetectionScores {
  const asked = { ...set, categories, ...(seed !== undefined && { bootstrap: { seed } }) };
  const masked =
    set.groundTruth.length > 0 &&
    [...set.groundTruth, ...set.detections].every(({ mask }) => mask !== undefined);
  return {
    box: evaluateDetections({ ...asked, kind: "box" }),
    mask: masked && set.detections.length > 0 ? evaluateDetections({ ...asked, kind: "mask" }) : undefined,
    voc: evaluateVocDetections(asked),
  };
}
