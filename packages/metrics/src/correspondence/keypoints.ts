/** How many points of an image are found in another. Source: Yang and Ramanan 2013 (PCK). */
import { DifftapError } from "@difftap/core";
import type { BootstrapOptions } from "../intervals.js";
import { resampledFigures } from "../resampling.js";
import type { ImageSize, Point } from "./matches.js";

export interface MatchedPair {
  /** One place per point, in the order of `truth`. */
  readonly predicted: readonly Point[];
  readonly truth: readonly Point[];
  /** Of the image, or of the object's box: `alpha` is measured by its longer side. */
  readonly size: ImageSize;
}

export interface KeypointOptions extends BootstrapOptions {
  /** Share of the longer side within which a point is right. */
  readonly alpha: number;
}

export interface CorrectKeypoints {
  /** Share of all points that are right, 0 to 1. */
  readonly value: number;
  /** 95 % interval over resampled pairs of images. */
  readonly interval: readonly [number, number];
  /** Points. */
  readonly n: number;
  readonly pairs: number;
  readonly alpha: number;
}

/**
 * Percentage of correct keypoints (PCK), as a share: points within alpha·max(height, width) of where they are.
 * @throws DifftapError USAGE_INVALID without a point, and for pairs whose points do not belong together.
 */
export function correctKeypoints(pairs: readonly MatchedPair[], options: KeypointOptions): CorrectKeypoints {
  const { alpha, ...bootstrap } = options;
  const right = pairs.map((pair, place) => rightPoints(pair, place, alpha));
  const share = (weights?: Uint32Array) => {
    const weighted = (counts: readonly number[]) =>
      counts.reduce((sum, count, pair) => sum + count * (weights ? weights[pair]! : 1), 0);
    const points = weighted(pairs.map(({ truth }) => truth.length));
    return { value: points === 0 ? null : weighted(right) / points };
  };
  const { value } = share();
  if (value === null) throw new DifftapError("USAGE_INVALID", "no points to be found");
  const interval = resampledFigures(share, pairs.length, bootstrap).value!;
  return {
    value,
    interval,
    n: pairs.reduce((sum, { truth }) => sum + truth.length, 0),
    pairs: pairs.length,
    alpha,
  };
}

function rightPoints({ predicted, truth, size }: MatchedPair, place: number, alpha: number): number {
  if (predicted.length !== truth.length) {
    throw new DifftapError(
      "USAGE_INVALID",
      `pair ${place} has ${truth.length} points and ${predicted.length} predictions`,
    );
  }
  const reach = alpha * Math.max(size.height, size.width);
  return truth.filter(
    (point, at) => Math.hypot(point.x - predicted[at]!.x, point.y - predicted[at]!.y) <= reach,
  ).length;
}
