/**
 * How much of the variance of features is the images' own, when each image is read twice, with other noise. Source:
 * Shrout and Fleiss 1979, ICC(1, 1), its mean squares summed over dimensions.
 */
import { DifftapError } from "@difftap/core";
import { jackknifeInterval } from "../distances/jackknife.js";
import { MOST_GROUPS, type Rows, rowsOf, withoutGroup } from "../distances/rows.js";
import type { Matrix } from "../inputs.js";

export interface IntraclassCorrelation {
  /** 1: both readings of an image are the same. 0: they are no more alike than those of two images. */
  readonly value: number;
  /** 95 % interval by leaving out groups of images. */
  readonly interval: [number, number];
  /** Images. */
  readonly n: number;
}

/** A group may be left out when two images remain. */
const FEWEST_SAMPLES = 3;

/**
 * @param first [n, d]
 * @param second [n, d], the same images with another draw of noise
 * @throws DifftapError USAGE_INVALID for fewer than three images or shapes that differ, NUMERIC for values that are not
 * finite and for features that are the same for all images and draws.
 */
export function intraclassCorrelation(first: Matrix, second: Matrix): IntraclassCorrelation {
  const a = rowsOf(first, "the first draw", FEWEST_SAMPLES);
  const b = rowsOf(second, "the second draw", FEWEST_SAMPLES);
  if (a.rows !== b.rows || a.columns !== b.columns) {
    const shapes = `[${first.shape.join(", ")}] and [${second.shape.join(", ")}]`;
    throw new DifftapError("USAGE_INVALID", `draws of shapes ${shapes}`, {
      hint: "both have to be features of the same images in the same order",
    });
  }
  const groups = Math.min(MOST_GROUPS, a.rows);
  const value = correlation(a, b);
  const leftOut = Array.from({ length: groups }, (_, group) =>
    correlation(withoutGroup(a, group, groups), withoutGroup(b, group, groups)),
  );
  return { value, interval: jackknifeInterval(value, leftOut), n: a.rows };
}

function correlation(a: Rows, b: Rows): number {
  const between = squaresBetween(a, b) / (a.rows - 1);
  const within = squaresWithin(a, b) / a.rows;
  if (between + within === 0) {
    throw new DifftapError("NUMERIC", "the features are the same for all images and draws", {
      hint: "nothing varies in them, so nothing can be said of their noise",
    });
  }
  return (between - within) / (between + within);
}

/** Twice the squared distances of the images' means from the mean of all. */
function squaresBetween({ data: x, rows, columns }: Rows, { data: y }: Rows): number {
  const mean = new Float64Array(columns);
  for (let i = 0; i < x.length; i++) mean[i % columns]! += (x[i]! + y[i]!) / (2 * rows);
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += ((x[i]! + y[i]!) / 2 - mean[i % columns]!) ** 2;
  return 2 * sum;
}

/** Half the squared distances between the two draws of an image. */
function squaresWithin({ data: x }: Rows, { data: y }: Rows): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i]! - y[i]!) ** 2;
  return sum / 2;
}
