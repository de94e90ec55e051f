/** Inference over windows that overlap: large images in pieces of the size that a network was trained on. */
import { DifftapError, type NdArray, ndarray } from "@difftap/core";
import type { MapSize } from "../definition.js";
import { crop, type Window } from "./planes.js";
import { type PredictImage, planesOf, predictChecked } from "./predict.js";

export interface SlidingOptions {
  /** Rows and columns of a window; an image that is smaller is one window of its own size. */
  readonly window: MapSize;
  /** How far the next window lies below or to the right; at most the window. */
  readonly stride: MapSize;
}

/**
 * Predicts window by window; where windows overlap, scores are averaged. Holds the scores of the image and of one window.
 * @throws DifftapError USAGE_INVALID for sides below 1 or a stride larger than its window.
 */
export function slidingWindow(predict: PredictImage, options: SlidingOptions): PredictImage {
  checkSides(options);
  return async (image) => {
    const size = planesOf(image);
    const visits = new Uint16Array(size.height * size.width);
    let sums: NdArray<"float32"> | undefined;
    for (const window of windowsOver(size, options)) {
      const scores = await predictChecked(predict, crop(image, window));
      sums ??= ndarray("float32", [scores.shape[0]!, size.height, size.width]);
      addWindow(sums, visits, scores, window);
    }
    return averaged(sums!, visits);
  };
}

/**
 * Windows that cover an image: one every stride, those at the right and lower edge moved back inside, as mmsegmentation lays them.
 * @throws as `slidingWindow`.
 */
export function windowsOver(size: MapSize, options: SlidingOptions): Window[] {
  checkSides(options);
  const { window, stride } = options;
  const [height, width] = [Math.min(window.height, size.height), Math.min(window.width, size.width)];
  const tops = starts(size.height, height, stride.height);
  const lefts = starts(size.width, width, stride.width);
  return tops.flatMap((top) => lefts.map((left) => ({ top, left, height, width })));
}

function starts(side: number, window: number, stride: number): number[] {
  const count = Math.ceil((side - window) / stride) + 1;
  return Array.from({ length: count }, (_, index) => Math.min(index * stride, side - window));
}

function addWindow(
  { shape, data }: NdArray<"float32">,
  visits: Uint16Array,
  scores: NdArray<"float32">,
  { top, left, height, width }: Window,
): void {
  const [classes, rows, columns] = shape as [number, number, number];
  for (let row = 0; row < height; row++) {
    const start = (top + row) * columns + left;
    for (let column = 0; column < width; column++) visits[start + column]! += 1;
    for (let label = 0; label < classes; label++) {
      const [to, from] = [label * rows * columns + start, (label * height + row) * width];
      for (let column = 0; column < width; column++) data[to + column]! += scores.data[from + column]!;
    }
  }
}

function averaged(sums: NdArray<"float32">, visits: Uint16Array): NdArray<"float32"> {
  for (let i = 0; i < sums.data.length; i++) sums.data[i]! /= visits[i % visits.length]!;
  return sums;
}

function checkSides({ window, stride }: SlidingOptions): void {
  for (const side of ["height", "width"] as const) {
    const [extent, step] = [window[side], stride[side]];
    if (Number.isInteger(extent) && Number.isInteger(step) && step >= 1 && step <= extent) continue;
    throw new DifftapError("USAGE_INVALID", `windows of ${side} ${extent} every ${step} pixels`, {
      hint: "a window and its stride are whole pixels, the stride at least 1 and at most the window",
      details: { side, window: extent, stride: step },
    });
  }
}
