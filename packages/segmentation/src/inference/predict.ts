/**
 * What inference is made of: a function from an image to class scores. Windows, scales and flips wrap one such function into another,
 * so any backbone can stand behind it.
 *
 * ```ts
 * import { labelMapOf, multiScale, slidingWindow } from "@difftap/segmentation";
 *
 * const windows = slidingWindow(predict, { window: { height: 256, width: 256 }, stride: { height: 192, width: 192 } });
 * const wrapped = multiScale(windows, { scales: [0.75, 1, 1.25], flip: true });
 * const labelMap = labelMapOf(await wrapped(image)); // of the image's size
 * ```
 */
import { DifftapError, type NdArray } from "@difftap/core";
import type { MapSize } from "../definition.js";

/** An image [channels, height, width] → scores [classes, height, width], not negative; the largest is the prediction. */
export type PredictImage = (image: NdArray<"float32">) => Promise<NdArray<"float32">>;

/** Channels and sides of an image, or classes and sides of scores. */
export interface Planes extends MapSize {
  readonly channels: number;
}

/** @throws DifftapError USAGE_INVALID for an array without exactly three sides, or with an empty one. */
export function planesOf({ shape }: NdArray<"float32">): Planes {
  const [channels, height, width] = shape;
  if (shape.length === 3 && shape.every((side) => side > 0)) {
    return { channels: channels!, height: height!, width: width! };
  }
  throw new DifftapError("USAGE_INVALID", `[${shape.join(", ")}] is no image of channels, rows and columns`, {
    hint: "images and scores are [channels, height, width]",
    details: { shape },
  });
}

/**
 * Runs a prediction and checks that its scores have the image's height and width.
 * @throws DifftapError USAGE_INVALID where they have not.
 */
export async function predictChecked(
  predict: PredictImage,
  image: NdArray<"float32">,
): Promise<NdArray<"float32">> {
  const [given, scores] = [planesOf(image), await predict(image)];
  const found = planesOf(scores);
  if (found.height === given.height && found.width === given.width) return scores;
  throw new DifftapError(
    "USAGE_INVALID",
    `scores of ${found.height}×${found.width} for an image of ${given.height}×${given.width}`,
    { hint: "predict at the size of the image that is handed over" },
  );
}
