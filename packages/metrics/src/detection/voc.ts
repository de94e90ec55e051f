/**
 * Pascal VOC's average precision.
 *
 * ```ts
 * import { evaluateVocDetections } from "@difftap/metrics";
 *
 * const object = { image: 0, label: 0, box: [10, 10, 40, 40], area: 1600, crowd: false, difficult: false } as const;
 * const found = { image: 0, label: 0, box: [12, 10, 40, 40], score: 0.9 } as const;
 * const { figures } = evaluateVocDetections({
 *   images: [0], categories: [{ name: "cell" }], groundTruth: [object], detections: [found],
 * });
 * figures.ap; // 1
 * ```
 *
 * Source: VOCevaldet.m and VOCap.m of the VOC2012 development kit; VOC2007's for the eleven points.
 */
import type { BootstrapOptions } from "../intervals.js";
import { type FigureIntervals, meanOf, resampledFigures, weightedCount } from "../resampling.js";
import { areaUnderCurve, elevenPointPrecision, type RankedOutcomes } from "./curves.js";
import { type CategoryGroup, groupByCategory } from "./groups.js";
import { outcome } from "./match.js";
import { checkDetectionSet, type DetectionSet, type TrueObject } from "./objects.js";
import { overlapsOf } from "./overlap.js";

export interface VocOptions extends DetectionSet {
  /** Overlap from which a box is found; 0.5 unless given. */
  readonly overlap?: number;
  /** Resamples images for intervals; none are given without it. */
  readonly bootstrap?: BootstrapOptions;
}

/** Means over the categories that have objects, 0 to 1; null where none has. */
export interface VocFigures {
  /** Area under the curve of precision over recall (from 2010 on). */
  readonly ap: number | null;
  /** Mean precision at recalls 0, 0.1, …, 1 (2007). */
  readonly apElevenPoints: number | null;
}

export interface VocEvaluation {
  readonly overlap: number;
  /** Images looked at. */
  readonly n: number;
  readonly figures: VocFigures;
  /** 95 % intervals over resampled images; null without `bootstrap`. */
  readonly intervals: FigureIntervals<keyof VocFigures> | null;
  readonly categories: readonly (VocFigures & {
    readonly label: number;
    readonly name: string;
    /** Objects that have to be found. */
    readonly objects: number;
  })[];
}

/** A category's detections, and the images of the objects that have to be found. */
interface VocMatches {
  readonly outcomes: Uint8Array;
  readonly images: Uint32Array;
  readonly wanted: Uint32Array;
}

/**
 * Every detection is compared with the object of its image that it overlaps most, and is wrong when a better one has
 * found that already. Difficult objects and crowds need not be found. Boxes reach from `left` to `left + width`: VOC's
 * own, whose last pixel is inside, have to be given as [xmin − 1, ymin − 1, xmax − xmin + 1, ymax − ymin + 1].
 * @throws DifftapError USAGE_INVALID, LABELS_MISMATCH, NUMERIC for what does not fit.
 */
export function evaluateVocDetections(options: VocOptions): VocEvaluation {
  checkDetectionSet(options);
  const { overlap = 0.5, bootstrap, categories } = options;
  const n = new Set(options.images).size;
  const matches = Array.from(groupByCategory(options), (group) => matchBest(group, overlap));
  const figures = (weights?: Uint32Array) => meansOf(matches.map((match) => precisionOf(match, weights)));
  return {
    overlap,
    n,
    figures: figures(),
    intervals: bootstrap ? resampledFigures(figures, n, bootstrap) : null,
    categories: matches.map((match, label) => ({
      label,
      name: categories[label]!.name,
      ...precisionOf(match),
      objects: match.wanted.length,
    })),
  };
}

const needNotBeFound = ({ crowd, difficult = false }: TrueObject) => crowd || difficult;

function matchBest(group: CategoryGroup, overlap: number): VocMatches {
  const outcomes = new Uint8Array(group.detections.length);
  for (const image of group.images) {
    const detections = Array.from(image.detections, (place) => group.detections[place]!);
    const truths = Array.from(image.truths, (place) => group.truths[place]!);
    const found = outcomesOf(overlapsOf("box", detections, truths), detections.length, truths, overlap);
    image.detections.forEach((place, rank) => {
      outcomes[place] = found[rank]!;
    });
  }
  const wanted = group.truthImages.filter((_, place) => !needNotBeFound(group.truths[place]!));
  return { outcomes, images: group.detectionImages, wanted };
}

/** Outcomes of an image's detections, best score first. */
function outcomesOf(
  overlaps: Float64Array,
  detections: number,
  truths: readonly TrueObject[],
  least: number,
): number[] {
  const taken = new Set<number>();
  return Array.from({ length: detections }, (_, rank) => {
    const own = overlaps.subarray(rank * truths.length, (rank + 1) * truths.length);
    const best = own.reduce((held, value, place) => (value > own[held]! ? place : held), 0);
    if (truths.length === 0 || own[best]! < least) return outcome.wrong;
    if (needNotBeFound(truths[best]!)) return outcome.ignored;
    if (taken.has(best)) return outcome.wrong;
    taken.add(best);
    return outcome.right;
  });
}

function precisionOf({ outcomes, images, wanted }: VocMatches, weights?: Uint32Array): VocFigures {
  const count = weightedCount(wanted, weights);
  if (count === 0) return { ap: null, apElevenPoints: null };
  const ranked: RankedOutcomes = { outcomes, images, weights, wanted: count };
  return { ap: areaUnderCurve(ranked), apElevenPoints: elevenPointPrecision(ranked) };
}

function meansOf(categories: readonly VocFigures[]): VocFigures {
  return {
    ap: meanOf(categories.map(({ ap }) => ap)),
    apElevenPoints: meanOf(categories.map(({ apElevenPoints }) => apElevenPoints)),
  };
}
