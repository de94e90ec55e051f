/** Boxes as they are exchanged, and how locations hold them: by their distances to the four sides. */
import { PLACE_NUMBERS } from "./pyramid.js";

/** In pixels, as COCO has them. */
export type Box = readonly [left: number, top: number, width: number, height: number];

/** Numbers of a box by its corners (left, top, right, bottom), or by a location's distances to its sides. */
export const BOX_NUMBERS = 4;

/** How far a point lies from the left, top, right and bottom side; not above 0 where it is not inside. */
export function sideDistances(
  x: number,
  y: number,
  [left, top, width, height]: Box,
): readonly [left: number, top: number, right: number, bottom: number] {
  return [x - left, y - top, left + width - x, top + height - y];
}

/** Distances [n, 4] of locations [n, 3] to boxes [n, 4]: left, top, right, bottom. */
export function decodeDistances(distances: ArrayLike<number>, places: ArrayLike<number>): Float32Array {
  const boxes = new Float32Array(distances.length);
  for (let box = 0; box < boxes.length / BOX_NUMBERS; box++) {
    const [first, place] = [box * BOX_NUMBERS, box * PLACE_NUMBERS];
    const [x, y] = [places[place]!, places[place + 1]!];
    boxes[first] = x - distances[first]!;
    boxes[first + 1] = y - distances[first + 1]!;
    boxes[first + 2] = x + distances[first + 2]!;
    boxes[first + 3] = y + distances[first + 3]!;
  }
  return boxes;
}

/** Intersection over union of two boxes; 0 where neither has an area. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const across = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const down = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  if (across <= 0 || down <= 0) return 0;
  const shared = across * down;
  return shared / (a[2] * a[3] + b[2] * b[3] - shared);
}
