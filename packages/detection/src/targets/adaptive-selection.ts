/**
 * Adaptive training sample selection (Zhang et al., 2020, arXiv 1912.02424): of the locations nearest to an object's centre on each level,
 * those whose anchor overlaps it by at least the mean plus the deviation of these overlaps, and that lie inside it; of several objects
 * the one overlapped most. An anchor is a square of `reach` strides.
 */
import { intersectionOverUnion, sideDistances } from "../boxes.js";
import { PLACE_NUMBERS, type PyramidLevel } from "../pyramid.js";
import { type AssignmentGrid, BACKGROUND } from "./grid.js";
import { isIgnored, type TrainingObject } from "./objects.js";

/** Owners by location. */
export function adaptiveSelection(
  candidates: number,
  grid: AssignmentGrid,
  objects: readonly TrainingObject[],
): Int32Array {
  const count = grid.places.length / PLACE_NUMBERS;
  const owners = new Int32Array(count).fill(BACKGROUND);
  const overlaps = new Float64Array(count);
  for (const [index, object] of objects.entries()) {
    if (isIgnored(object)) continue;
    for (const { location, overlap } of selected(candidates, grid, object)) {
      if (owners[location] !== BACKGROUND && overlap <= overlaps[location]!) continue;
      owners[location] = index;
      overlaps[location] = overlap;
    }
  }
  return owners;
}

interface Candidate {
  readonly location: number;
  readonly overlap: number;
}

function selected(candidates: number, grid: AssignmentGrid, { box }: TrainingObject): Candidate[] {
  const { levels, places, reach } = grid;
  const [x, y] = [box[0] + box[2] / 2, box[1] + box[3] / 2];
  const found: Candidate[] = [];
  let first = 0;
  for (const level of levels) {
    const side = reach * level.stride;
    for (const cell of nearestCells(x, y, candidates, level)) {
      const location = first + cell;
      const [cx, cy] = centreOf(places, location);
      const overlap = intersectionOverUnion(box, [cx - side / 2, cy - side / 2, side, side]);
      found.push({ location, overlap });
    }
    first += level.height * level.width;
  }
  const threshold = meanPlusDeviation(found.map(({ overlap }) => overlap));
  return found.filter(({ location, overlap }) => {
    const [cx, cy] = centreOf(places, location);
    return overlap >= threshold && Math.min(...sideDistances(cx, cy, box)) > 0;
  });
}

function centreOf(places: Float32Array, location: number): [x: number, y: number] {
  return [places[location * PLACE_NUMBERS]!, places[location * PLACE_NUMBERS + 1]!];
}

/**
 * The cells nearest to a point, the first of equals. None of them is more than `count` rows or columns away from the cell the point is in:
 * the cells between would be nearer, and are as many.
 */
function nearestCells(x: number, y: number, count: number, level: PyramidLevel): number[] {
  const { stride, height, width } = level;
  const [rows, columns] = [window(y / stride, count, height), window(x / stride, count, width)];
  const near: { cell: number; distance: number }[] = [];
  for (let row = rows.first; row <= rows.last; row++) {
    for (let column = columns.first; column <= columns.last; column++) {
      const [across, down] = [(column + 0.5) * stride - x, (row + 0.5) * stride - y];
      near.push({ cell: row * width + column, distance: across * across + down * down });
    }
  }
  near.sort((a, b) => a.distance - b.distance || a.cell - b.cell);
  return near.slice(0, count).map(({ cell }) => cell);
}

function window(place: number, reach: number, count: number) {
  const middle = Math.min(Math.max(Math.floor(place), 0), count - 1);
  return { first: Math.max(0, middle - reach), last: Math.min(count - 1, middle + reach) };
}

/** The deviation divides by n − 1, as in the authors' code. */
function meanPlusDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const squares = values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return mean + Math.sqrt(squares / Math.max(1, values.length - 1));
}
