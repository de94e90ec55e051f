/**
 * Which detections of an image find which objects, at every threshold of overlap and in every range of sizes.
 * Source: COCOeval.evaluateImg of pycocotools.
 */
import { maskArea } from "@difftap/core";
import type { CategoryGroup } from "./groups.js";
import type { Detection, TrueObject } from "./objects.js";
import { type DetectionKind, overlapsOf } from "./overlap.js";

/** 0.50, 0.55, …, 0.95, with the last bits of numpy's linspace. */
export const overlapThresholds: readonly number[] = Array.from({ length: 10 }, (_, index) =>
  index === 9 ? 0.95 : index * ((0.95 - 0.5) / 9) + 0.5,
);

/** From … to in pixels, both included. */
const sizeRanges = {
  all: [0, 1e10],
  small: [0, 32 ** 2],
  medium: [32 ** 2, 96 ** 2],
  large: [96 ** 2, 1e10],
} as const;

export type SizeRange = keyof typeof sizeRanges;

/** Detections of an image and category that count, the best by score. */
export const MAX_DETECTIONS = 100;

/** What becomes of a detection. Ignored ones count neither for nor against. */
export const outcome = { wrong: 0, right: 1, ignored: 2 } as const;

export interface CategoryMatches {
  readonly label: number;
  /** Image of each detection, best score first. */
  readonly images: Uint32Array;
  readonly scores: Float64Array;
  /** Place of each detection among those of its image, from 0. */
  readonly ranks: Uint32Array;
  readonly bySize: Readonly<Record<SizeRange, SizeMatches>>;
}

interface SizeMatches {
  /** [thresholds, detections] */
  readonly outcomes: Uint8Array;
  /** Image of each object that has to be found. */
  readonly wanted: Uint32Array;
}

export interface MatchRules {
  /** What overlaps. */
  readonly kind: DetectionKind;
  /** What decides whether a detection is small, medium or large. */
  readonly sizeBy: DetectionKind;
}

/** Matches a category at once; overlaps are computed once per pair. */
export function matchCategory(group: CategoryGroup, rules: MatchRules): CategoryMatches {
  const count = group.detections.length;
  const ranks = new Uint32Array(count);
  const outcomes = bySize(() => new Uint8Array(overlapThresholds.length * count).fill(outcome.ignored));
  for (const image of group.images) {
    image.detections.forEach((place, rank) => {
      ranks[place] = rank;
    });
    matchImage(imageOf(group, image, rules), (size, threshold, place, what) => {
      outcomes[size][threshold * count + place] = what;
    });
  }
  const sizes = bySize((size) => ({ outcomes: outcomes[size], wanted: wantedImages(group, size) }));
  const scores = Float64Array.from(group.detections, ({ score }) => score);
  return { label: group.label, images: group.detectionImages, scores, ranks, bySize: sizes };
}

function bySize<T>(make: (size: SizeRange) => T): Record<SizeRange, T> {
  return { all: make("all"), small: make("small"), medium: make("medium"), large: make("large") };
}

function isOutside(area: number, size: SizeRange): boolean {
  const [from, to] = sizeRanges[size];
  return area < from || area > to;
}

const isIgnored = ({ crowd, area }: TrueObject, size: SizeRange) => crowd || isOutside(area, size);

function wantedImages({ truths, truthImages }: CategoryGroup, size: SizeRange): Uint32Array {
  return truthImages.filter((_, place) => !isIgnored(truths[place]!, size));
}

interface ImageObjects {
  /** The best, with their places in the category. */
  readonly places: Uint32Array;
  readonly areas: readonly number[];
  readonly truths: readonly TrueObject[];
  /** [detections, truths] */
  readonly overlaps: Float64Array;
}

function imageOf(
  group: CategoryGroup,
  image: CategoryGroup["images"][number],
  { kind, sizeBy }: MatchRules,
): ImageObjects {
  const places = image.detections.subarray(0, MAX_DETECTIONS);
  const detections = Array.from(places, (place) => group.detections[place]!);
  const truths = Array.from(image.truths, (place) => group.truths[place]!);
  const overlaps = overlapsOf(kind, detections, truths);
  return { places, areas: detections.map((found) => areaOf(found, sizeBy)), truths, overlaps };
}

function areaOf({ box, mask }: Detection, sizeBy: DetectionKind): number {
  return sizeBy === "mask" ? maskArea(mask!) : box[2] * box[3];
}

type Report = (size: SizeRange, threshold: number, place: number, what: number) => void;

function matchImage(image: ImageObjects, report: Report): void {
  for (const size of Object.keys(sizeRanges) as SizeRange[]) {
    const order = wantedFirst(image.truths, size);
    const outside = image.areas.map((area) => isOutside(area, size));
    overlapThresholds.forEach((threshold, number) => {
      matchAt(threshold, image, order, (detection, match) => {
        const ignored = match < 0 ? outside[detection]! : match >= order.wanted;
        const found = match < 0 ? outcome.wrong : outcome.right;
        report(size, number, image.places[detection]!, ignored ? outcome.ignored : found);
      });
    });
  }
}

interface Order {
  /** Places of the truths, those to be found first. */
  readonly truths: Uint32Array;
  readonly crowd: readonly boolean[];
  /** How many are to be found. */
  readonly wanted: number;
}

function wantedFirst(truths: readonly TrueObject[], size: SizeRange): Order {
  const places = truths.map((_, place) => place);
  const wanted = places.filter((place) => !isIgnored(truths[place]!, size));
  const ignored = places.filter((place) => isIgnored(truths[place]!, size));
  const order = Uint32Array.of(...wanted, ...ignored);
  return { truths: order, crowd: Array.from(order, (place) => truths[place]!.crowd), wanted: wanted.length };
}

/**
 * Each detection in turn takes the object that it overlaps most, of those that are free; one that need not be found only
 * where there is no other. Crowds stay free. Of equal overlaps the later object is taken.
 */
function matchAt(
  threshold: number,
  { places, truths, overlaps }: ImageObjects,
  order: Order,
  report: (detection: number, match: number) => void,
): void {
  const taken = new Uint8Array(truths.length);
  for (let detection = 0; detection < places.length; detection++) {
    let best = Math.min(threshold, 1 - 1e-10);
    let match = -1;
    for (let place = 0; place < truths.length; place++) {
      if (place === order.wanted && match >= 0) break;
      const overlap = overlaps[detection * truths.length + order.truths[place]!]!;
      if (overlap < best || (taken[place] === 1 && !order.crowd[place])) continue;
      best = overlap;
      match = place;
    }
    if (match >= 0) taken[match] = 1;
    report(detection, match);
  }
}
