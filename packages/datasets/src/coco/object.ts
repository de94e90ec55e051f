/** One annotation of a COCO file as an object. */
import {
  DifftapError,
  isDifftapError,
  maskArea,
  polygonMask,
  type RunLengthMask,
  runLengthMask,
  runsFromText,
} from "@difftap/core";
import type { AnnotatedObject, ImageSize } from "../annotations.js";
import { boxInside } from "../boxes.js";
import type { CocoAnnotation } from "./schema.js";

/**
 * Polygons become the mask that pycocotools draws. The area is the file's; where it has none, the mask's or the box's.
 * @param where the annotation is, for messages
 * @returns null for a box without area inside the image
 * @throws DifftapError DATA_REFUSED for runs or polygons that make no mask of the image's size
 */
export function cocoObject(
  annotation: CocoAnnotation,
  { label, size, where }: { readonly label: number; readonly size: ImageSize; readonly where: string },
): AnnotatedObject | null {
  const box = boxInside(annotation.bbox, size);
  if (box === null) return null;
  const mask = maskOf(annotation.segmentation, size, where);
  const area = annotation.area ?? (mask === undefined ? box[2] * box[3] : maskArea(mask));
  const crowd = Boolean(annotation.iscrowd);
  return { label, box, area, crowd, difficult: false, ...(mask !== undefined && { mask }) };
}

type Segmentation = CocoAnnotation["segmentation"];

function maskOf(segmentation: Segmentation, size: ImageSize, where: string): RunLengthMask | undefined {
  if (segmentation == null || (Array.isArray(segmentation) && segmentation.length === 0)) return undefined;
  try {
    return Array.isArray(segmentation) ? polygonMask(segmentation, size) : maskOfRuns(segmentation, size);
  } catch (error) {
    if (!isDifftapError(error)) throw error;
    throw new DifftapError("DATA_REFUSED", `${where}: ${error.message}`, {
      ...(error.hint !== undefined && { hint: error.hint }),
      details: { ...error.details, where },
      cause: error,
    });
  }
}

function maskOfRuns(
  { size: [height, width], counts }: Exclude<NonNullable<Segmentation>, readonly unknown[]>,
  size: ImageSize,
): RunLengthMask {
  if (height !== size.height || width !== size.width) {
    throw new DifftapError(
      "DATA_REFUSED",
      `a mask of ${height} × ${width} pixels for an image of ${size.height} × ${size.width}`,
    );
  }
  return typeof counts === "string" ? runsFromText(counts, size) : runLengthMask(counts, size);
}
