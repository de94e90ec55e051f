/**
 * FCOS's assignment with centre sampling (Tian et al., 2019, arXiv 1904.01355, and its authors' code): a location learns an object when it
 * lies inside its box and near its centre, and when the level is the one for the object's size; of several the smallest.
 */
import { type Box, sideDistances } from "../boxes.js";
import { PLACE_NUMBERS, type PyramidLevel } from "../pyramid.js";
import { type AssignmentGrid, BACKGROUND } from "./grid.js";
import { isIgnored, type TrainingObject } from "./objects.js";

/** Owners by location. Larger objects are written first, so that smaller ones overwrite them; of equals the first stays. */
export function centreSampling(
  radius: number,
  { levels, places, reach }: AssignmentGrid,
  objects: readonly TrainingObject[],
): Int32Array {
  const owners = new Int32Array(places.length / PLACE_NUMBERS).fill(BACKGROUND);
  const order = objects
    .map((_, index) => index)
    .filter((index) => !isIgnored(objects[index]!))
    .sort((a, b) => areaOf(objects[b]!) - areaOf(objects[a]!) || b - a);
  let first = 0;
  for (const [index, level] of levels.entries()) {
    const range: Range = {
      low: index === 0 ? 0 : reach * levels[index - 1]!.stride,
      high: index === levels.length - 1 ? Number.POSITIVE_INFINITY : reach * level.stride,
    };
    for (const object of order) {
      const { box } = objects[object]!;
      for (const cell of cellsAround(box, radius * level.stride, level)) {
        if (isFor(box, level, cell, range)) owners[first + cell] = object;
      }
    }
    first += level.height * level.width;
  }
  return owners;
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/** Inside the box, and its farthest side as far as the level regresses. */
function isFor(box: Box, { stride, width }: PyramidLevel, cell: number, { low, high }: Range): boolean {
  const [x, y] = [((cell % width) + 0.5) * stride, (Math.floor(cell / width) + 0.5) * stride];
  const distances = sideDistances(x, y, box);
  const farthest = Math.max(...distances);
  return Math.min(...distances) > 0 && farthest >= low && farthest <= high;
}

/** Cells whose centres lie nearer than `reach` pixels to the box's, along both axes. */
function* cellsAround(
  [left, top, boxWidth, boxHeight]: Box,
  reach: number,
  { stride, height, width }: PyramidLevel,
): Generator<number> {
  const [rows, columns] = [
    between(top + boxHeight / 2, reach, stride, height),
    between(left + boxWidth / 2, reach, stride, width),
  ];
  for (let row = rows.first; row <= rows.last; row++) {
    for (let column = columns.first; column <= columns.last; column++) yield row * width + column;
  }
}

/** Indices of an axis whose centres lie strictly within `reach` of a place. */
function between(place: number, reach: number, stride: number, count: number) {
  const first = Math.floor((place - reach) / stride - 0.5) + 1;
  const last = Math.ceil((place + reach) / stride - 0.5) - 1;
  return { first: Math.max(0, first), last: Math.min(count - 1, last) };
}

function areaOf({ box }: TrainingObject): number {
  return box[2] * box[3];
}
