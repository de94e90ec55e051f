/** Precision over recall, and the figures that COCO and VOC read off it. */
import { outcome } from "./match.js";

/** Detections of a category from the best score to the worst. */
export interface RankedOutcomes {
  /** An `outcome` each. */
  readonly outcomes: Uint8Array;
  readonly images: Uint32Array;
  /** How often each image counts; once unless given. */
  readonly weights: Uint32Array | undefined;
  /** Objects to be found, each as often as its image counts. */
  readonly wanted: number;
}

/** The points of the curve at which another object is found. */
interface Curve {
  readonly found: Float64Array;
  /** Largest precision at this or any higher recall. */
  readonly precision: Float64Array;
}

/** pycocotools divides by found + wrong + this. */
const SPACING = 2 ** -52;

function curveOf({ outcomes, images, weights }: RankedOutcomes, spacing: number): Curve {
  const found = new Float64Array(outcomes.length);
  const precision = new Float64Array(outcomes.length);
  let [right, wrong, points] = [0, 0, 0];
  for (let place = 0; place < outcomes.length; place++) {
    const what = outcomes[place]!;
    const weight = weights ? weights[images[place]!]! : 1;
    if (what === outcome.ignored || weight === 0) continue;
    if (what === outcome.wrong) wrong += weight;
    else {
      right += weight;
      found[points] = right;
      precision[points++] = right / (wrong + right + spacing);
    }
  }
  for (let point = points - 1; point > 0; point--) {
    if (precision[point]! > precision[point - 1]!) precision[point - 1] = precision[point]!;
  }
  return { found: found.subarray(0, points), precision: precision.subarray(0, points) };
}

/** 0, 0.01, …, 1, with the last bits of numpy's linspace. */
const recallThresholds = Float64Array.from({ length: 101 }, (_, index) => index * 0.01);

/** COCO: mean precision at 101 recalls; 0 where a recall is not reached. */
export function cocoPrecision(ranked: RankedOutcomes): number {
  const { found, precision } = curveOf(ranked, SPACING);
  let [sum, point] = [0, 0];
  for (const recall of recallThresholds) {
    while (point < found.length && found[point]! / ranked.wanted < recall) point += 1;
    if (point === found.length) break;
    sum += precision[point]!;
  }
  return sum / recallThresholds.length;
}

/** VOC from 2010 on: area under the curve. */
export function areaUnderCurve(ranked: RankedOutcomes): number {
  const { found, precision } = curveOf(ranked, 0);
  let [area, before] = [0, 0];
  found.forEach((count, point) => {
    area += (count - before) * precision[point]!;
    before = count;
  });
  return area / ranked.wanted;
}

/** VOC 2007: mean precision at recalls 0, 0.1, …, 1. */
export function elevenPointPrecision(ranked: RankedOutcomes): number {
  const { found, precision } = curveOf(ranked, 0);
  let sum = 0;
  for (let tenths = 0; tenths <= 10; tenths++) {
    const point = found.findIndex((count) => 10 * count >= tenths * ranked.wanted);
    if (point >= 0) sum += precision[point]!;
  }
  return sum / 11;
}
