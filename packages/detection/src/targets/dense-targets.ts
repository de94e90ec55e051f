/** What every location is to say: class, distances, centre-ness, and whether it counts. Plain arrays, without an engine. */
import { type NdArray, ndarray } from "@difftap/core";
import { BOX_NUMBERS, type Box, sideDistances } from "../boxes.js";
import { PLACE_NUMBERS } from "../pyramid.js";
import { BACKGROUND } from "./grid.js";
import { isIgnored, type TrainingObject } from "./objects.js";

/** Arrays by name, as they lie among the features of a batch. */
export type Targets = Readonly<Record<string, NdArray<"float32">>>;

/** Names among the features. For one image; a batch has one more axis in front. */
export const denseNames = {
  /** [locations]: 0 … classes − 1, or −1 for background. */
  labels: "targets/labels",
  /** [locations]: 0 where nothing is to be learnt about the class, else 1. */
  weights: "targets/weights",
  /** [locations, 4]: pixels to the left, top, right and bottom side; 0 for background. */
  distances: "targets/distances",
  /** [locations]: 1 at an object's centre, falling towards its sides; 0 for background. */
  centreness: "targets/centreness",
} as const;

/** @param owners by location the index of its object, or BACKGROUND. */
export function denseTargets(
  owners: Int32Array,
  places: Float32Array,
  objects: readonly TrainingObject[],
): Targets {
  const count = owners.length;
  const labels = new Float32Array(count).fill(BACKGROUND);
  const weights = ignoredWeights(places, objects.filter(isIgnored));
  const distances = new Float32Array(count * BOX_NUMBERS);
  const centreness = new Float32Array(count);
  for (let location = 0; location < count; location++) {
    const owner = owners[location]!;
    if (owner === BACKGROUND) continue;
    const { label, box } = objects[owner]!;
    const sides = distancesAt(places, location, box);
    labels[location] = label;
    weights[location] = 1;
    distances.set(sides, location * BOX_NUMBERS);
    centreness[location] = centrenessOf(sides);
  }
  return {
    [denseNames.labels]: ndarray("float32", [count], labels),
    [denseNames.weights]: ndarray("float32", [count], weights),
    [denseNames.distances]: ndarray("float32", [count, BOX_NUMBERS], distances),
    [denseNames.centreness]: ndarray("float32", [count], centreness),
  };
}

type Sides = ReturnType<typeof sideDistances>;

function distancesAt(places: Float32Array, location: number, box: Box): Sides {
  const place = location * PLACE_NUMBERS;
  return sideDistances(places[place]!, places[place + 1]!, box);
}

/** √(min(l, r) / max(l, r) · min(t, b) / max(t, b)). */
function centrenessOf([left, top, right, bottom]: Sides): number {
  const across = Math.min(left, right) / Math.max(left, right);
  const down = Math.min(top, bottom) / Math.max(top, bottom);
  return Math.sqrt(across * down);
}

/** 0 for every location inside an ignored object, else 1. */
function ignoredWeights(places: Float32Array, ignored: readonly TrainingObject[]): Float32Array {
  const weights = new Float32Array(places.length / PLACE_NUMBERS).fill(1);
  for (const { box } of ignored) {
    for (let location = 0; location < weights.length; location++) {
      if (Math.min(...distancesAt(places, location, box)) > 0) weights[location] = 0;
    }
  }
  return weights;
}
