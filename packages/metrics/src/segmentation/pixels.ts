/**
 * Segmentation over a whole set: one confusion matrix, fed image by image, and what is read off it.
 *
 * ```ts
 * import { countPixels } from "@difftap/metrics";
 *
 * const pixels = countPixels({ labelNames: ["sky", "road"], ignore: 255 });
 * const truth = { height: 1, width: 4, data: Uint8Array.of(0, 0, 1, 255) };
 * pixels.add(truth, { height: 1, width: 4, data: Uint8Array.of(0, 1, 1, 1) });
 * pixels.evaluate().figures.miou; // 0.5
 * ```
 *
 * Source: Long et al. 2015 (arXiv 1411.4038), section 5.
 */
import { DifftapError } from "@difftap/core";
import type { BootstrapOptions } from "../intervals.js";
import { type FigureIntervals, resampledFigures } from "../resampling.js";
import { type LabelMap, pixelConfusion } from "./confusion.js";
import {
  accuracyOf,
  figuresOf,
  iouOf,
  type SegmentationFigures,
  sumOf,
  type Tally,
  tallyOf,
} from "./tally.js";

export interface PixelCountOptions {
  /** Names of the classes 0, 1, …. */
  readonly labelNames: readonly string[];
  /** Value of true maps that counts nowhere. */
  readonly ignore: number;
}

export interface ClassSegmentation {
  readonly label: number;
  readonly name: string;
  /** null where neither truth nor prediction has the class: it is then in no mean. */
  readonly iou: number | null;
  /** null where the truth does not have the class. */
  readonly accuracy: number | null;
  /** True pixels. */
  readonly pixels: number;
}

export interface SegmentationEvaluation {
  /** Images. */
  readonly n: number;
  /** Pixels that count. */
  readonly pixels: number;
  readonly figures: SegmentationFigures;
  /** 95 % intervals over resampled images; null without `bootstrap`. */
  readonly intervals: FigureIntervals<keyof SegmentationFigures> | null;
  readonly classes: readonly ClassSegmentation[];
  /** Names of the classes that neither truth nor prediction has. */
  readonly absent: readonly string[];
  /** Pixels by (label, prediction); rows are labels. */
  readonly confusion: readonly (readonly number[])[];
}

export interface PixelCounts {
  /**
   * One image. Memory grows by three numbers per class.
   * @throws DifftapError LABELS_MISMATCH for maps of different sizes and for a class outside 0 … K−1, naming the pixel.
   */
  add(truth: LabelMap, predicted: LabelMap): void;
  /** Of the images so far. @throws DifftapError USAGE_INVALID before the first. */
  evaluate(options?: { readonly bootstrap?: BootstrapOptions }): SegmentationEvaluation;
}

/** Starts counting. @throws DifftapError USAGE_INVALID without classes, and when the ignored value is one of them. */
export function countPixels({ labelNames, ignore }: PixelCountOptions): PixelCounts {
  const classes = labelNames.length;
  checkClasses(classes, ignore);
  const total = new Float64Array(classes * classes);
  const images: Tally[] = [];
  return {
    add(truth, predicted) {
      const confusion = pixelConfusion(truth, predicted, { classes, ignore });
      confusion.forEach((count, cell) => {
        total[cell]! += count;
      });
      images.push(tallyOf(confusion, classes));
    },
    evaluate({ bootstrap } = {}) {
      if (images.length === 0) throw new DifftapError("USAGE_INVALID", "no image has been segmented");
      return evaluationOf(images, total, labelNames, bootstrap);
    },
  };
}

function evaluationOf(
  images: readonly Tally[],
  confusion: Float64Array,
  labelNames: readonly string[],
  bootstrap: BootstrapOptions | undefined,
): SegmentationEvaluation {
  const classes = labelNames.length;
  const figures = (weights?: Uint32Array) => figuresOf(sumOf(images, classes, weights));
  const sum = sumOf(images, classes);
  const perClass = labelNames.map((name, label) => ({
    label,
    name,
    iou: iouOf(sum, label),
    accuracy: accuracyOf(sum, label),
    pixels: sum.labelled[label]!,
  }));
  return {
    n: images.length,
    pixels: sum.labelled.reduce((pixels, count) => pixels + count, 0),
    figures: figures(),
    intervals: bootstrap ? resampledFigures(figures, images.length, bootstrap) : null,
    classes: perClass,
    absent: perClass.filter(({ iou }) => iou === null).map(({ name }) => name),
    confusion: labelNames.map((_, row) => Array.from(confusion.subarray(row * classes, (row + 1) * classes))),
  };
}

function checkClasses(classes: number, ignore: number): void {
  if (classes > 0 && !(ignore >= 0 && ignore < classes)) return;
  throw new DifftapError("USAGE_INVALID", `${classes} classes, and ${ignore} is the value to ignore`, {
    hint: "the ignored value lies outside the classes, which are counted from 0",
    details: { classes, ignore },
  });
}
