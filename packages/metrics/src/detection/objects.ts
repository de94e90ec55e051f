/** What detections are measured by: objects that are there, and objects that were found. */
import { DifftapError, type RunLengthMask } from "@difftap/core";

/** Left, top, width, height in pixels of the image. */
export type Box = readonly [left: number, top: number, width: number, height: number];

export interface TrueObject {
  /** One of the set's images. */
  readonly image: number;
  /** Place of its category, from 0. */
  readonly label: number;
  readonly box: Box;
  /** In pixels, as annotated: it decides what is small, medium and large. */
  readonly area: number;
  /** A box or mask around many objects: any number of detections may lie in it, and none has to. */
  readonly crowd: boolean;
  /** VOC's mark of objects that nobody has to find; COCO has none. */
  readonly difficult?: boolean;
  readonly mask?: RunLengthMask;
}

export interface Detection {
  readonly image: number;
  readonly label: number;
  readonly score: number;
  readonly box: Box;
  readonly mask?: RunLengthMask;
}

export interface DetectionSet {
  /** Numbers of the images that were looked at, also those without objects. */
  readonly images: readonly number[];
  readonly categories: readonly { readonly name: string }[];
  readonly groundTruth: readonly TrueObject[];
  readonly detections: readonly Detection[];
}

/** @throws DifftapError USAGE_INVALID without images or categories; LABELS_MISMATCH, NUMERIC naming the first that does not fit. */
export function checkDetectionSet({ images, categories, groundTruth, detections }: DetectionSet): void {
  if (images.length === 0 || categories.length === 0) {
    throw new DifftapError("USAGE_INVALID", `${images.length} images, ${categories.length} categories`, {
      hint: "detections are measured on at least one image and one category",
    });
  }
  const known = new Set(images);
  groundTruth.forEach((object, place) => {
    checkPlaced(object, `object ${place}`, known, categories.length);
    checkNumbers([...object.box, object.area], `object ${place}`);
  });
  detections.forEach((found, place) => {
    checkPlaced(found, `detection ${place}`, known, categories.length);
    checkNumbers([...found.box, found.score], `detection ${place}`);
  });
}

function checkPlaced(
  { image, label }: Pick<Detection, "image" | "label">,
  name: string,
  images: ReadonlySet<number>,
  categories: number,
): void {
  if (!images.has(image)) {
    throw new DifftapError("LABELS_MISMATCH", `${name} lies in image ${image}, which is not in the set`, {
      hint: "name every image that was looked at, or leave out what belongs to others",
      details: { image },
    });
  }
  if (!Number.isInteger(label) || label < 0 || label >= categories) {
    throw new DifftapError("LABELS_MISMATCH", `${name}: label ${label} is outside 0 … ${categories - 1}`, {
      hint: `there are ${categories} categories, counted from 0`,
      details: { label, categories },
    });
  }
}

function checkNumbers(values: readonly number[], name: string): void {
  if (values.every(Number.isFinite)) return;
  throw new DifftapError("NUMERIC", `${name} holds a number that is not finite: ${values.join(", ")}`, {
    hint: "a network that diverged finds nothing; leave such detections out",
  });
}
