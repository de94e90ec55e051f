/** The objects of an image as a detector learns them. */
import { DifftapError, type RunLengthMask } from "@difftap/core";
import type { Box } from "../boxes.js";
import type { ImageSize } from "../pyramid.js";

/** An annotation of @difftap/datasets is one. Boxes and masks are those of the image as the backbone is fed it. */
export interface TrainingObject {
  /** 0 … classes − 1. */
  readonly label: number;
  readonly box: Box;
  /** A region of many objects: what it covers counts neither as object nor as background. */
  readonly crowd?: boolean;
  /** Treated as crowds are. */
  readonly difficult?: boolean;
  readonly mask?: RunLengthMask;
}

/** Whether nothing is to be learnt from where it lies. */
export function isIgnored({ crowd = false, difficult = false }: TrainingObject): boolean {
  return crowd || difficult;
}

/**
 * @throws DifftapError LABELS_MISMATCH for a label that is no class, DATA_REFUSED for a box without area or with a number that is not
 * finite, and for a mask of another size than the image.
 */
export function checkObjects(objects: readonly TrainingObject[], classes: number, image: ImageSize): void {
  for (const [index, object] of objects.entries()) {
    const { label, box, mask } = object;
    if (!Number.isInteger(label) || label < 0 || label >= classes) refuseLabel(index, label, classes);
    if (!box.every(Number.isFinite) || box[2] <= 0 || box[3] <= 0) {
      refuse(`object ${index} has the box [${box.join(", ")}], which has no area`, { index, box });
    }
    if (mask && (mask.height !== image.height || mask.width !== image.width)) {
      refuse(
        `object ${index} has a mask of ${mask.height}×${mask.width}, its image is ${image.height}×${image.width}`,
        { index, mask: { height: mask.height, width: mask.width }, image },
      );
    }
  }
}

function refuseLabel(index: number, label: number, classes: number): never {
  throw new DifftapError("LABELS_MISMATCH", `object ${index} has label ${label} of ${classes} classes`, {
    hint: `labels are 0 to ${classes - 1}; data sets map their own category ids to them`,
    details: { index, label, classes },
  });
}

function refuse(message: string, details: Readonly<Record<string, unknown>>): never {
  throw new DifftapError("DATA_REFUSED", message, {
    hint: "drop such objects, or transform boxes and masks together with their image",
    details,
  });
}
