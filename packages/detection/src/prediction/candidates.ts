/** Out of what a dense detector says at every location, the boxes of one image that are worth comparing. */
import { BOX_NUMBERS } from "../boxes.js";
import type { ImageSize } from "../pyramid.js";
import { orderByScore } from "./order.js";
import type { Candidates } from "./suppression.js";

/** Of one image; locations in rows. */
export interface DenseScores {
  /** [locations, classes]: probabilities. */
  readonly classes: Float32Array;
  /** [locations]: probabilities. */
  readonly quality: Float32Array;
  /** [locations, 4]: left, top, right, bottom. */
  readonly boxes: Float32Array;
}

export interface CandidateOptions {
  /** A class less probable than this is not looked at. */
  readonly minScore: number;
  /** Boxes at most. */
  readonly candidates: number;
  /** Boxes with a shorter side go, after clipping. */
  readonly minSide: number;
  /** Boxes are clipped to it. */
  readonly extent: ImageSize;
}

export interface LocatedCandidates extends Candidates {
  /** Where each one was found. */
  readonly locations: Uint32Array;
}

/** Score = √(class · quality). The best ones, best first. */
export function candidatesOf(dense: DenseScores, options: CandidateOptions): LocatedCandidates {
  const classes = dense.classes.length / dense.quality.length;
  const found = scoresAbove(dense, classes, options.minScore);
  const best = orderByScore(found.scores).subarray(0, options.candidates);
  const clipped = clip(dense.boxes, options.extent);
  const isLarge = (location: number) => {
    const first = location * BOX_NUMBERS;
    const width = clipped[first + 2]! - clipped[first]!;
    return Math.min(width, clipped[first + 3]! - clipped[first + 1]!) >= options.minSide;
  };
  const chosen = best.filter((index) => isLarge(Math.floor(found.places[index]! / classes)));
  const locations = chosen.map((index) => Math.floor(found.places[index]! / classes));
  const boxes = new Float32Array(chosen.length * BOX_NUMBERS);
  for (const [index, location] of locations.entries()) {
    const first = location * BOX_NUMBERS;
    boxes.set(clipped.subarray(first, first + BOX_NUMBERS), index * BOX_NUMBERS);
  }
  return {
    boxes,
    locations,
    scores: Float32Array.from(chosen, (index) => found.scores[index]!),
    labels: Int32Array.from(chosen, (index) => found.places[index]! % classes),
  };
}

/** Places in [locations, classes] of probabilities from `minScore` on, and what they score. */
function scoresAbove({ classes: probabilities, quality }: DenseScores, classes: number, minScore: number) {
  const places: number[] = [];
  for (let place = 0; place < probabilities.length; place++) {
    if (probabilities[place]! >= minScore) places.push(place);
  }
  const scores = Float32Array.from(places, (place) =>
    Math.sqrt(probabilities[place]! * quality[Math.floor(place / classes)]!),
  );
  return { places, scores };
}

function clip(boxes: Float32Array, { height, width }: ImageSize): Float32Array {
  return boxes.map((side, index) => Math.min(Math.max(side, 0), index % 2 === 0 ? width : height));
}
