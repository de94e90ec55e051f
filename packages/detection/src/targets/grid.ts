/** What every strategy of assignment works on: locations, their levels, and the sizes that levels are for. */
import type { PyramidLevel } from "../pyramid.js";

export interface AssignmentGrid {
  readonly levels: readonly PyramidLevel[];
  /** [locations, 3]: x, y, stride. */
  readonly places: Float32Array;
  /** Size of what a level is for, in strides: the largest distance it regresses, and the side of ATSS's anchors. */
  readonly reach: number;
}

/** Owner of a location that learns background. */
export const BACKGROUND = -1;

/** FCOS's: a level of stride 8 regresses distances up to 64. */
const PUBLISHED_REACH = 8;

/** With less, the locations of one object would fall to several levels, and few to each: they differ by up to three strides. */
const SMALLEST_REACH = 4;

/** The coarsest level is for objects from half the image's side on: a distance of a quarter of it. */
const COARSEST_SHARE = 4;

/**
 * The published reach where the image is large enough to use all levels with it, else a smaller one: on small images FCOS's own ranges
 * would leave everything to the finest level.
 */
export function adaptiveReach(levels: readonly PyramidLevel[]): number {
  const before = levels.at(-2);
  if (!before) return PUBLISHED_REACH;
  const { stride, height, width } = levels[0]!;
  const side = Math.max(height, width) * stride;
  const fitting = side / (COARSEST_SHARE * before.stride);
  return Math.min(PUBLISHED_REACH, Math.max(SMALLEST_REACH, fitting));
}
