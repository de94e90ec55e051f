/** What was found, in the pixels of the original images. */
import type { RunLengthMask } from "@difftap/core";
import type { Box } from "../boxes.js";
import { type ProbabilityMap, pasteMask } from "../masks/paste-mask.js";
import type { ImageSize } from "../pyramid.js";

export interface Detection {
  /** The image's own number, as it was given. */
  readonly image: number;
  /** 0 … classes − 1. */
  readonly label: number;
  /** 0 to 1. */
  readonly score: number;
  readonly box: Box;
  readonly mask?: RunLengthMask;
}

/** An image that the maps belong to, as it was before it was resized. */
export interface OriginalImage extends ImageSize {
  /** Its index or id in the data set. */
  readonly image: number;
  /**
   * Pixels that the backbone was fed per pixel of the original, across and down where they differ. The resized image lay in the upper left
   * of what was fed; what lies beyond it is padding, where nothing is found.
   */
  readonly scale: number | readonly [across: number, down: number];
}

/** What was found, in pixels of what the backbone was fed. */
export interface FoundObject {
  readonly label: number;
  readonly score: number;
  readonly box: Box;
  readonly mask?: ProbabilityMap;
}

/** How large the original is within what was fed. */
export function extentOf({ height, width, scale }: OriginalImage): ImageSize {
  const [across, down] = axesOf(scale);
  return { height: height * down, width: width * across };
}

/** Back to the original's pixels. */
export function toOriginal(found: FoundObject, original: OriginalImage): Detection {
  const [across, down] = axesOf(original.scale);
  const [left, top, width, height] = found.box;
  const box: Box = [left / across, top / down, width / across, height / down];
  const image = { height: original.height, width: original.width };
  const { label, score, mask } = found;
  return {
    image: original.image,
    label,
    score,
    box,
    ...(mask && { mask: pasteMask(mask, { box, image, scale: [across, down] }) }),
  };
}

function axesOf(scale: OriginalImage["scale"]): readonly [across: number, down: number] {
  return typeof scale === "number" ? [scale, scale] : scale;
}
