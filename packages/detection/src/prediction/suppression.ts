/**
 * Non-maximum suppression, class by class, in plain numbers.
 *
 * ```ts
 * import { suppressOverlaps } from "@difftap/detection";
 *
 * const candidates = {
 *   boxes: Float32Array.of(0, 0, 10, 10, 1, 1, 11, 11, 20, 0, 30, 10), // left, top, right, bottom
 *   scores: Float32Array.of(0.9, 0.8, 0.95),
 *   labels: Int32Array.of(0, 0, 0),
 * };
 * suppressOverlaps(candidates, { maxOverlap: 0.5 }); // Uint32Array [2, 0]
 * ```
 */
import { orderByScore } from "./order.js";
import { createOverlapGrid } from "./overlap-grid.js";

export interface Candidates {
  /** [n, 4]: left, top, right, bottom; finite. */
  readonly boxes: Float32Array;
  readonly scores: Float32Array;
  readonly labels: Int32Array;
}

export interface SuppressionOptions {
  /** A box goes that a better one of its class overlaps by more than this IoU. */
  readonly maxOverlap: number;
  /** Boxes kept at most; all unless given. */
  readonly limit?: number;
}

/**
 * The indices of the boxes that stay, best first; of equals the first one counts as better.
 * @throws DifftapError USAGE_INVALID for more than 2²¹ boxes.
 */
export function suppressOverlaps(
  { boxes, scores, labels }: Candidates,
  { maxOverlap, limit = Number.POSITIVE_INFINITY }: SuppressionOptions,
): Uint32Array {
  const order = orderByScore(scores);
  const kept = new Uint8Array(order.length);
  for (const members of byClass(order, labels)) {
    const grid = createOverlapGrid(boxes, members, maxOverlap);
    let count = 0;
    for (const box of members) {
      if (grid.overlaps(box)) continue;
      grid.add(box);
      kept[box] = 1;
      // No class can fill more than all places.
      if (++count >= limit) break;
    }
  }
  const stays = order.filter((box) => kept[box] === 1);
  return stays.length > limit ? stays.slice(0, limit) : stays;
}

/** The boxes of each class, in the given order. */
function byClass(order: Uint32Array, labels: Int32Array): Uint32Array[] {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const groups = new Map(
    [...counts].map(([label, count]) => [label, { boxes: new Uint32Array(count), filled: 0 }]),
  );
  for (const box of order) {
    const group = groups.get(labels[box]!)!;
    group.boxes[group.filled++] = box;
  }
  return [...groups.values()].map(({ boxes }) => boxes);
}
