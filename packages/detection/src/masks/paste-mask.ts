/** A coarse map of probabilities as the mask of an image: interpolated, cut at one half, written as runs. */
import type { RunLengthMask } from "@difftap/core";
import type { Box } from "../boxes.js";
import type { ImageSize } from "../pyramid.js";

/** How probable it is, cell by cell, that the object is there. */
export interface ProbabilityMap {
  readonly height: number;
  readonly width: number;
  /** Pixels of the image that was fed between two cells. */
  readonly stride: number;
  /** Row-major. */
  readonly values: Float32Array;
}

export interface Pasting {
  /** Of the object, in pixels of the original image; outside of it, a cell's width aside, there is no mask. */
  readonly box: Box;
  /** Of the original image. */
  readonly image: ImageSize;
  /** Pixels fed per pixel of the original, across and down. */
  readonly scale: readonly [across: number, down: number];
}

const INSIDE = 0.5;

/** The mask of the original image. */
export function pasteMask(map: ProbabilityMap, { box, image, scale }: Pasting): RunLengthMask {
  const columns = axis(box[0], box[2], image.width, { cells: map.width, step: scale[0] / map.stride });
  const rows = axis(box[1], box[3], image.height, { cells: map.height, step: scale[1] / map.stride });
  const runs = createRuns();
  for (let x = columns.first; x < columns.end; x++) {
    const column = x * image.height;
    for (let y = rows.first; y < rows.end; y++) {
      runs.next(column + y, probabilityAt(map, rows, y, columns, x) > INSIDE);
    }
    runs.next(column + rows.end, false);
  }
  return { ...image, counts: runs.finish(image.height * image.width) };
}

/** The pixels of an axis that may lie in the mask, and between which cells each one lies. */
interface Axis {
  readonly first: number;
  readonly end: number;
  /** By pixel from `first`: the cell before, the one after, and the share of the latter. */
  readonly before: Int32Array;
  readonly after: Int32Array;
  readonly share: Float64Array;
}

function axis(
  start: number,
  length: number,
  side: number,
  { cells, step }: { readonly cells: number; readonly step: number },
): Axis {
  const margin = 1 / step;
  const first = Math.max(0, Math.floor(start - margin));
  const end = Math.max(first, Math.min(side, Math.ceil(start + length + margin)));
  const count = end - first;
  const [before, after, share] = [new Int32Array(count), new Int32Array(count), new Float64Array(count)];
  for (let pixel = 0; pixel < count; pixel++) {
    const place = Math.min(Math.max((first + pixel + 0.5) * step - 0.5, 0), cells - 1);
    before[pixel] = Math.floor(place);
    after[pixel] = Math.min(before[pixel]! + 1, cells - 1);
    share[pixel] = place - before[pixel]!;
  }
  return { first, end, before, after, share };
}

function probabilityAt({ values, width }: ProbabilityMap, rows: Axis, y: number, columns: Axis, x: number) {
  const [row, column] = [y - rows.first, x - columns.first];
  const [left, right, across] = [columns.before[column]!, columns.after[column]!, columns.share[column]!];
  const alongRow = (at: number) =>
    values[at * width + left]! * (1 - across) + values[at * width + right]! * across;
  const down = rows.share[row]!;
  return alongRow(rows.before[row]!) * (1 - down) + alongRow(rows.after[row]!) * down;
}

/** Runs of zeros, ones, zeros, … from rising positions at which something is said. */
function createRuns() {
  const counts: number[] = [];
  let inside = false;
  let last = 0;
  return {
    /** From this position on. */
    next(position: number, now: boolean) {
      if (now === inside) return;
      // A run that would begin where the last one ended goes on with it.
      if (position === last && counts.length > 0) last -= counts.pop()!;
      else {
        counts.push(position - last);
        last = position;
      }
      inside = now;
    },
    finish(length: number): Uint32Array {
      if (length > last) counts.push(length - last);
      return Uint32Array.from(counts);
    },
  };
}
