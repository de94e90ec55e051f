/** Inference at several sizes and on the mirrored image, averaged: "multi-scale and flip" of the segmentation literature. */
import { DifftapError, type NdArray } from "@difftap/core";
import { crop, extend, mirror, resize } from "./planes.js";
import { type PredictImage, planesOf, predictChecked } from "./predict.js";

export interface MultiScaleOptions {
  /** Factors of the image's height and width. */
  readonly scales: readonly number[];
  /** The mirrored image too. */
  readonly flip: boolean;
}

/**
 * Resizes the image to each scale, predicts, resizes the scores back, and averages them all.
 * @throws DifftapError USAGE_INVALID for no scale or one that is not positive.
 */
export function multiScale(predict: PredictImage, { scales, flip }: MultiScaleOptions): PredictImage {
  if (scales.length === 0 || !scales.every((scale) => scale > 0)) {
    throw new DifftapError("USAGE_INVALID", `scales [${scales.join(", ")}]: at least one, all above 0`);
  }
  return async (image) => {
    const size = planesOf(image);
    let sum: NdArray<"float32"> | undefined;
    for (const scale of scales) {
      const scaled = resize(image, {
        height: Math.max(1, Math.round(size.height * scale)),
        width: Math.max(1, Math.round(size.width * scale)),
      });
      for (const mirrored of flip ? [false, true] : [false]) {
        const scores = await predictChecked(predict, mirrored ? mirror(scaled) : scaled);
        sum = added(sum, resize(mirrored ? mirror(scores) : scores, size));
      }
    }
    return scaledBy(sum!, 1 / (scales.length * (flip ? 2 : 1)));
  };
}

/**
 * Extends the image to the right and below until its sides are multiples, as networks with strides want them, and cuts the scores back.
 * @throws DifftapError USAGE_INVALID for a multiple that is no whole number above 0.
 */
export function inMultiplesOf(predict: PredictImage, multiple: number): PredictImage {
  if (!Number.isInteger(multiple) || multiple < 1) {
    throw new DifftapError(
      "USAGE_INVALID",
      `sides in multiples of ${multiple}: a whole number above 0 is needed`,
    );
  }
  const up = (side: number) => Math.ceil(side / multiple) * multiple;
  return async (image) => {
    const { height, width } = planesOf(image);
    if (height % multiple === 0 && width % multiple === 0) return predict(image);
    const scores = await predictChecked(predict, extend(image, { height: up(height), width: up(width) }));
    return crop(scores, { top: 0, left: 0, height, width });
  };
}

/** The first is copied: a prediction belongs to whoever made it. */
function added(sum: NdArray<"float32"> | undefined, scores: NdArray<"float32">): NdArray<"float32"> {
  if (sum === undefined) return { ...scores, data: scores.data.slice() };
  for (let i = 0; i < sum.data.length; i++) sum.data[i]! += scores.data[i]!;
  return sum;
}

function scaledBy(scores: NdArray<"float32">, factor: number): NdArray<"float32"> {
  for (let i = 0; i < scores.data.length; i++) scores.data[i]! *= factor;
  return scores;
}
