/** The objects of an image seen through a view. */
import { maskArea, maskBox, type RunLengthMask } from "@difftap/core";
import type { AnnotatedObject, Box, ImageSize } from "../annotations.js";
import { maskToCanvas } from "./nearest.js";
import { boxToCanvas, scaleOf, type View } from "./view.js";

/**
 * Boxes, areas and masks in pixels of the canvas. A box that leaves the canvas is cut; with a mask it becomes the box of
 * what is left of the mask.
 * @param keep least share of a box's area that has to be on the canvas for the object to stay; also of a crowd's
 */
export function objectsToCanvas(
  objects: readonly AnnotatedObject[],
  view: View,
  keep: number,
): readonly AnnotatedObject[] {
  return objects.flatMap((object) => objectToCanvas(object, view, keep) ?? []);
}

function objectToCanvas(object: AnnotatedObject, view: View, keep: number): AnnotatedObject | null {
  const whole = boxToCanvas(object.box, view);
  const cut = cutTo(whole, view.canvas);
  const share = (cut[2] * cut[3]) / (whole[2] * whole[3]);
  if (cut[2] <= 0 || cut[3] <= 0 || share < keep) return null;
  if (object.mask !== undefined) return withMask(object, maskToCanvas(object.mask, view), whole, view.canvas);
  const { down, across } = scaleOf(view);
  return {
    ...object,
    box: leaves(whole, view.canvas) ? cut : whole,
    area: object.area * down * across * share,
  };
}

/** @returns null when nothing of the mask is left */
function withMask(
  object: AnnotatedObject,
  mask: RunLengthMask,
  whole: Box,
  canvas: ImageSize,
): AnnotatedObject | null {
  const area = maskArea(mask);
  return area === 0 ? null : { ...object, mask, area, box: leaves(whole, canvas) ? maskBox(mask) : whole };
}

function cutTo([left, top, width, height]: Box, canvas: ImageSize): Box {
  const [x, y] = [Math.max(0, left), Math.max(0, top)];
  return [x, y, Math.min(canvas.width, left + width) - x, Math.min(canvas.height, top + height) - y];
}

/** Beyond what rounding does to a box at the edge. */
const ROUNDING = 1e-6;

function leaves([left, top, width, height]: Box, canvas: ImageSize): boolean {
  return Math.max(-left, -top, left + width - canvas.width, top + height - canvas.height) > ROUNDING;
}
