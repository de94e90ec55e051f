/** Points of one image in another, tap by tap, and how far off they are. */
import type { NdArray } from "@difftap/core";
import { bestMatches, type ImageSize, type Match, type Point } from "@difftap/metrics";
import { type Cell, cellName } from "./cell.js";
import { imageOf } from "./maps.js";

/** An image of a pair. */
export interface Side {
  readonly id: string;
  /** −1 where it has none. */
  readonly label: number;
  /** [1, 3, size, size] */
  readonly image: NdArray<"uint8">;
}

export interface FoundPoint extends Match {
  /** Pixels from where it should be, or, for want of truth, from the point to where the way back ends. */
  readonly distance: number;
}

export interface FoundPoints {
  readonly from: Side;
  readonly to: Side;
  readonly points: readonly Point[];
  readonly truth: readonly Point[] | undefined;
  /** One for each point, by the cell's name. */
  readonly byCell: ReadonlyMap<string, readonly FoundPoint[]>;
}

/**
 * The best match of each point at each cell.
 * @param maps [2, C, h, w] by the cells' names: of the image that points are of, and of the one they are looked for in
 */
export function findPoints(
  cells: readonly Cell[],
  maps: Readonly<Record<string, NdArray<"float32">>>,
  size: ImageSize,
  { points, truth }: Pick<FoundPoints, "points" | "truth">,
): Map<string, FoundPoint[]> {
  return new Map(
    cells.map((cell) => {
      const [from, to] = [0, 1].map((row) => ({ map: imageOf(maps[cellName(cell)]!, row), size }));
      const matches = bestMatches(from!, to!, points);
      // Without a truth the way back has to end where it began.
      const ends = truth === undefined ? bestMatches(to!, from!, matches) : matches;
      const aims = truth ?? points;
      const found = matches.map((match, at) => ({
        ...match,
        distance: Math.hypot(ends[at]!.x - aims[at]!.x, ends[at]!.y - aims[at]!.y),
      }));
      return [cellName(cell), found];
    }),
  );
}
