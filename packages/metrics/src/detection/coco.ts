/**
 * COCO's twelve figures of detections, to the last digits of pycocotools.
 *
 * ```ts
 * import { evaluateDetections } from "@difftap/metrics";
 *
 * const object = { image: 0, label: 0, box: [10, 10, 40, 40], area: 1600, crowd: false } as const;
 * const found = { image: 0, label: 0, box: [12, 10, 40, 40], score: 0.9 } as const;
 * const { figures } = evaluateDetections({
 *   images: [0], categories: [{ name: "cell" }], groundTruth: [object], detections: [found], kind: "box",
 * });
 * figures.ap50; // 1
 * ```
 *
 * Source: COCOeval of pycocotools; it has the matching rules, which no paper has.
 */
import { DifftapError } from "@difftap/core";
import type { BootstrapOptions } from "../intervals.js";
import { type FigureIntervals, meanOf, resampledFigures, weightedCount } from "../resampling.js";
import { bestScoreOf } from "./best-score.js";
import { cocoPrecision, type RankedOutcomes } from "./curves.js";
import { groupByCategory } from "./groups.js";
import {
  type CategoryMatches,
  MAX_DETECTIONS,
  matchCategory,
  outcome,
  overlapThresholds,
  type SizeRange,
} from "./match.js";
import { checkDetectionSet, type DetectionSet } from "./objects.js";
import type { DetectionKind } from "./overlap.js";

export interface DetectionOptions extends DetectionSet {
  /** What overlaps: boxes, or masks, which every object and detection then has to have. */
  readonly kind: DetectionKind;
  /**
   * Whether a detection counts as small, medium or large by its box or by its mask; by its box unless given, as
   * pycocotools does for results that have boxes. Results of masks alone (detectron2 strips the boxes) go by the mask.
   */
  readonly sizeBy?: DetectionKind;
  /** Resamples images for intervals; none are given without it. */
  readonly bootstrap?: BootstrapOptions;
}

/** 0 to 1; null where the set has no object of that size. pycocotools prints −1 there. */
export interface CocoFigures {
  /** Average precision, mean over overlaps 0.50, 0.55, …, 0.95 and categories, of at most 100 detections per image. */
  readonly ap: number | null;
  readonly ap50: number | null;
  readonly ap75: number | null;
  /** Objects of up to 32² pixels. */
  readonly apSmall: number | null;
  /** 32² to 96² pixels. */
  readonly apMedium: number | null;
  /** From 96² pixels. */
  readonly apLarge: number | null;
  /** Share of the objects found by the best detection of each image and category, mean over overlaps and categories. */
  readonly ar1: number | null;
  readonly ar10: number | null;
  readonly ar100: number | null;
  readonly arSmall: number | null;
  readonly arMedium: number | null;
  readonly arLarge: number | null;
}

/** One category; null where it has no object. */
export interface CategoryPrecision {
  readonly label: number;
  readonly name: string;
  readonly ap: number | null;
  readonly ap50: number | null;
  /** Detections of this score and above have the best F1 at an overlap of 0.50; null where none finds an object. */
  readonly bestScore: number | null;
  /** Objects that have to be found. */
  readonly objects: number;
}

export interface DetectionEvaluation {
  readonly kind: DetectionKind;
  /** Images looked at. */
  readonly n: number;
  readonly figures: CocoFigures;
  /** 95 % intervals over resampled images; null without `bootstrap`. */
  readonly intervals: FigureIntervals<keyof CocoFigures> | null;
  readonly categories: readonly CategoryPrecision[];
}

/**
 * Crowds may be found or not. An object outside a range of sizes is ignored in it, as are detections that find it and
 * those outside the range that find nothing. `difficult` counts nowhere here: pycocotools knows no such mark.
 * @throws DifftapError USAGE_INVALID, LABELS_MISMATCH, NUMERIC for what does not fit; DATA_REFUSED for masks that are
 * missing or of different sizes in one image.
 */
export function evaluateDetections(options: DetectionOptions): DetectionEvaluation {
  checkDetectionSet(options);
  const { kind, sizeBy = "box", bootstrap, categories } = options;
  if (kind === "box" && sizeBy === "mask") {
    throw new DifftapError("USAGE_INVALID", "boxes are compared, but sized by masks", {
      hint: "sizeBy: mask is for kind: mask",
    });
  }
  const n = new Set(options.images).size;
  const matches = Array.from(groupByCategory(options), (group) => matchCategory(group, { kind, sizeBy }));
  const figures = (weights?: Uint32Array) => cocoFigures(matches, weights);
  return {
    kind,
    n,
    figures: figures(),
    intervals: bootstrap ? resampledFigures(figures, n, bootstrap) : null,
    categories: matches.map((match) => categoryPrecision(match, categories[match.label]!.name)),
  };
}

function categoryPrecision(match: CategoryMatches, name: string): CategoryPrecision {
  const precisions = precisionsOf(match, "all");
  const objects = match.bySize.all.wanted.length;
  const figures = { ap: meanOf(precisions), ap50: precisions[0] ?? null, bestScore: bestScoreOf(match) };
  return { label: match.label, name, ...figures, objects };
}

function cocoFigures(matches: readonly CategoryMatches[], weights?: Uint32Array): CocoFigures {
  const precisions = (size: SizeRange) => matches.map((match) => precisionsOf(match, size, weights));
  const recall = (size: SizeRange, most: number) =>
    meanOf(matches.flatMap((match) => recallsOf(match, size, most, weights)));
  const all = precisions("all");
  return {
    ap: meanOf(all.flat()),
    ap50: meanOf(all.flatMap((values) => values.slice(0, 1))),
    ap75: meanOf(all.flatMap((values) => values.slice(5, 6))),
    apSmall: meanOf(precisions("small").flat()),
    apMedium: meanOf(precisions("medium").flat()),
    apLarge: meanOf(precisions("large").flat()),
    ar1: recall("all", 1),
    ar10: recall("all", 10),
    ar100: recall("all", MAX_DETECTIONS),
    arSmall: recall("small", MAX_DETECTIONS),
    arMedium: recall("medium", MAX_DETECTIONS),
    arLarge: recall("large", MAX_DETECTIONS),
  };
}

/** One average precision per overlap threshold; none without an object to be found. */
function precisionsOf(match: CategoryMatches, size: SizeRange, weights?: Uint32Array): number[] {
  return rankedOutcomes(match, size, weights).map(cocoPrecision);
}

/** One recall per overlap threshold, of the `most` best detections of each image; none without an object to be found. */
function recallsOf(
  match: CategoryMatches,
  size: SizeRange,
  most: number,
  weights: Uint32Array | undefined,
): number[] {
  return rankedOutcomes(match, size, weights).map(({ outcomes, wanted }) => {
    let right = 0;
    for (let place = 0; place < outcomes.length; place++) {
      if (outcomes[place] !== outcome.right || match.ranks[place]! >= most) continue;
      right += weights ? weights[match.images[place]!]! : 1;
    }
    return right / wanted;
  });
}

function rankedOutcomes(
  { images, bySize }: CategoryMatches,
  size: SizeRange,
  weights: Uint32Array | undefined,
): RankedOutcomes[] {
  const { outcomes, wanted } = bySize[size];
  const count = weightedCount(wanted, weights);
  if (count === 0) return [];
  return overlapThresholds.map((_, threshold) => ({
    outcomes: outcomes.subarray(threshold * images.length, (threshold + 1) * images.length),
    images,
    weights,
    wanted: count,
  }));
}
