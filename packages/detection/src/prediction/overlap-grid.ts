/**
 * Boxes that were kept, found again by where they lie. A box that overlaps another by more than an IoU of t covers more than a share t of
 * it along both axes, and so one of its points that lie no farther apart than that; from one half on, its centre. Only boxes in the
 * cells of those points are compared.
 */
import { BOX_NUMBERS } from "../boxes.js";

export interface OverlapGrid {
  /** Whether the box overlaps one that was added by more than the limit. */
  overlaps(box: number): boolean;
  add(box: number): void;
}

/** Beyond so many points per axis all boxes are compared instead. */
const MOST_POINTS = 4;
const MOST_CELLS_PER_AXIS = 128;

/**
 * @param boxes [n, 4]: left, top, right, bottom; finite
 * @param members the boxes that it is for
 */
export function createOverlapGrid(
  boxes: Float32Array,
  members: Uint32Array,
  maxOverlap: number,
): OverlapGrid {
  const points = Math.max(1, Math.ceil(1 / maxOverlap) - 1);
  const shares = points > MOST_POINTS ? [0.5] : divisions(points);
  const most = points > MOST_POINTS ? 1 : MOST_CELLS_PER_AXIS;
  const [across, down] = [axisOf(boxes, members, 0, most), axisOf(boxes, members, 1, most)];
  const lists = createLists(across.cells * down.cells);
  const sharedWith = (box: number, cell: number) =>
    lists.some(cell, (other) => overlapOfCorners(boxes, box, other) > maxOverlap);
  return {
    overlaps: (box) =>
      shares.some((y) =>
        shares.some((x) => sharedWith(box, down.at(box, y) * across.cells + across.at(box, x))),
      ),
    add(box) {
      for (let row = down.at(box, 0); row <= down.at(box, 1); row++) {
        for (let column = across.at(box, 0); column <= across.at(box, 1); column++) {
          lists.add(row * across.cells + column, box);
        }
      }
    },
  };
}

/** Equal steps inside 0 … 1, without the ends. */
function divisions(points: number): number[] {
  return Array.from({ length: points }, (_, index) => (index + 1) / (points + 1));
}

interface Axis {
  readonly cells: number;
  /** The cell of a place inside a box: 0 is its low side, 1 its high side. */
  at(box: number, share: number): number;
}

/** Cells as long as the mean box, between the outermost sides. */
function axisOf(boxes: Float32Array, members: Uint32Array, axis: 0 | 1, most: number): Axis {
  let [start, end, total] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const box of members) {
    const low = boxes[box * BOX_NUMBERS + axis]!;
    const high = boxes[box * BOX_NUMBERS + axis + 2]!;
    start = Math.min(start, low);
    end = Math.max(end, high);
    total += high - low;
  }
  const fitting = Math.floor(((end - start) * members.length) / total);
  // Boxes without length have no mean to go by.
  const cells = fitting >= 1 ? Math.min(most, fitting) : 1;
  const perPixel = cells / (end - start || 1);
  return {
    cells,
    at(box, share) {
      const low = boxes[box * BOX_NUMBERS + axis]!;
      const place = low + share * (boxes[box * BOX_NUMBERS + axis + 2]! - low);
      return Math.min(cells - 1, Math.max(0, Math.floor((place - start) * perPixel)));
    },
  };
}

/** Linked lists in arrays, one for each cell. */
function createLists(cells: number) {
  const heads = new Int32Array(cells).fill(-1);
  const [next, items]: [number[], number[]] = [[], []];
  return {
    add(cell: number, item: number) {
      next.push(heads[cell]!);
      heads[cell] = items.push(item) - 1;
    },
    some(cell: number, holds: (item: number) => boolean): boolean {
      for (let entry = heads[cell]!; entry >= 0; entry = next[entry]!) {
        if (holds(items[entry]!)) return true;
      }
      return false;
    },
  };
}

/** Intersection over union; 0 for boxes that do not touch, and where neither has an area. */
function overlapOfCorners(boxes: Float32Array, a: number, b: number): number {
  const [i, j] = [a * BOX_NUMBERS, b * BOX_NUMBERS];
  const across = Math.min(boxes[i + 2]!, boxes[j + 2]!) - Math.max(boxes[i]!, boxes[j]!);
  const down = Math.min(boxes[i + 3]!, boxes[j + 3]!) - Math.max(boxes[i + 1]!, boxes[j + 1]!);
  if (across <= 0 || down <= 0) return 0;
  const shared = across * down;
  return shared / (areaOf(boxes, i) + areaOf(boxes, j) - shared);
}

function areaOf(boxes: Float32Array, first: number): number {
  return (boxes[first + 2]! - boxes[first]!) * (boxes[first + 3]! - boxes[first + 1]!);
}
