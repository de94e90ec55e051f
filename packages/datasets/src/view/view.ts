/**
 * How an image lies on a canvas: resized, placed, perhaps mirrored. Plain data: the pixels, the boxes, the masks and what a
 * network finds on the canvas all go through the same view, and back.
 *
 * ```ts
 * import { boxToCanvas, boxToSource, fitView } from "@difftap/datasets";
 *
 * const view = fitView({ height: 480, width: 640 }, { height: 256, width: 256 }, "letterbox");
 * const box = boxToCanvas([320, 240, 64, 48], view); // [128, 96, 25.6, 19.2]
 * boxToSource(box, view); // [320, 240, 64, 48]
 * ```
 */
import type { Box, ImageSize } from "../annotations.js";

export interface View {
  readonly source: ImageSize;
  /** The whole source after resizing, before anything is cut. */
  readonly resized: ImageSize;
  /** Where the resized image's upper left corner lies on the canvas, in whole pixels; negative where it is cut. */
  readonly left: number;
  readonly top: number;
  readonly canvas: ImageSize;
  /** The canvas is turned left to right, after all else. */
  readonly mirrored: boolean;
}

/** "stretch" fills the canvas; "letterbox" keeps the image's shape, and leaves the rest of the canvas right or below empty. */
export type Fit = "stretch" | "letterbox";

/** The whole image on the canvas. */
export function fitView(source: ImageSize, canvas: ImageSize, fit: Fit): View {
  return { source, resized: fittedSize(source, canvas, fit, 1), left: 0, top: 0, canvas, mirrored: false };
}

/** The size an image has on the canvas, times `scale`; rounded, one pixel at least. */
export function fittedSize(source: ImageSize, canvas: ImageSize, fit: Fit, scale: number): ImageSize {
  const [down, across] = [canvas.height / source.height, canvas.width / source.width];
  const both = Math.min(down, across);
  const [height, width] = fit === "stretch" ? [down, across] : [both, both];
  return {
    height: Math.max(1, Math.round(source.height * height * scale)),
    width: Math.max(1, Math.round(source.width * width * scale)),
  };
}

/** Canvas pixels per source pixel. */
export function scaleOf({ source, resized }: View): { readonly down: number; readonly across: number } {
  return { down: resized.height / source.height, across: resized.width / source.width };
}

/** A box of the source in pixels of the canvas. It may leave the canvas. */
export function boxToCanvas([left, top, width, height]: Box, view: View): Box {
  const { down, across } = scaleOf(view);
  const placed = view.left + left * across;
  const wide = width * across;
  return [
    view.mirrored ? view.canvas.width - placed - wide : placed,
    view.top + top * down,
    wide,
    height * down,
  ];
}

/** A box on the canvas in pixels of the source. It may leave the source. */
export function boxToSource([left, top, width, height]: Box, view: View): Box {
  const { down, across } = scaleOf(view);
  const placed = view.mirrored ? view.canvas.width - left - width : left;
  return [(placed - view.left) / across, (top - view.top) / down, width / across, height / down];
}
