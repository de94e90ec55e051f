/** Counts of pixels per image and class, and the figures that follow from their sums. */
import { meanOf } from "../resampling.js";

/** 0 to 1; null without a counted pixel. */
export interface SegmentationFigures {
  /** Mean over classes of the pixels shared by truth and prediction, over those of either. */
  readonly miou: number | null;
  /** Share of the pixels that are right. */
  readonly pixelAccuracy: number | null;
  /** Mean over classes of the share of their pixels that is right. */
  readonly meanAccuracy: number | null;
  /** Mean of the classes' IoU by their number of pixels. */
  readonly frequencyWeightedIou: number | null;
}

/** Pixels per class. */
export interface Tally {
  readonly right: Float64Array;
  readonly labelled: Float64Array;
  readonly predicted: Float64Array;
}

/** Of one image's confusion matrix [classes, classes], rows being labels. */
export function tallyOf(confusion: Float64Array, classes: number): Tally {
  const tally = emptyTally(classes);
  confusion.forEach((count, cell) => {
    const [label, guess] = [Math.floor(cell / classes), cell % classes];
    tally.labelled[label]! += count;
    tally.predicted[guess]! += count;
    if (label === guess) tally.right[label]! += count;
  });
  return tally;
}

const emptyTally = (classes: number): Tally => ({
  right: new Float64Array(classes),
  labelled: new Float64Array(classes),
  predicted: new Float64Array(classes),
});

/** Of all images, or of image i weights[i] times. */
export function sumOf(images: readonly Tally[], classes: number, weights?: Uint32Array): Tally {
  const sum = emptyTally(classes);
  images.forEach((image, place) => {
    const weight = weights ? weights[place]! : 1;
    if (weight === 0) return;
    for (let label = 0; label < classes; label++) {
      sum.right[label]! += weight * image.right[label]!;
      sum.labelled[label]! += weight * image.labelled[label]!;
      sum.predicted[label]! += weight * image.predicted[label]!;
    }
  });
  return sum;
}

export function figuresOf(sum: Tally): SegmentationFigures {
  const labels = Array.from(sum.labelled.keys());
  const pixels = sum.labelled.reduce((all, count) => all + count, 0);
  const share = (of: (label: number) => number) =>
    pixels === 0 ? null : labels.reduce((all, label) => all + of(label), 0) / pixels;
  return {
    miou: meanOf(labels.map((label) => iouOf(sum, label))),
    pixelAccuracy: share((label) => sum.right[label]!),
    meanAccuracy: meanOf(labels.map((label) => accuracyOf(sum, label))),
    frequencyWeightedIou: share((label) => sum.labelled[label]! * (iouOf(sum, label) ?? 0)),
  };
}

/** null where neither truth nor prediction has the class. */
export function iouOf({ right, labelled, predicted }: Tally, label: number): number | null {
  const either = labelled[label]! + predicted[label]! - right[label]!;
  return either === 0 ? null : right[label]! / either;
}

/** null where the truth does not have the class. */
export function accuracyOf({ right, labelled }: Tally, label: number): number | null {
  return labelled[label] === 0 ? null : right[label]! / labelled[label]!;
}
