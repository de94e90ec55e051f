/**
 * Intersection over union of boxes and of masks; with a crowd, over the detection's own area.
 * Source: bbIou and rleIou of pycocotools, common/maskApi.c.
 */
import { DifftapError, maskArea, maskBox, type RunLengthMask } from "@difftap/core";
import type { Box, Detection, TrueObject } from "./objects.js";

/** What of an object is compared. */
export type DetectionKind = "box" | "mask";

/** Overlaps of one image, [detections, truths]. */
export function overlapsOf(
  kind: DetectionKind,
  detections: readonly Detection[],
  truths: readonly TrueObject[],
): Float64Array {
  const found = detections.map((detection) => shapeOf(kind, detection, "a detection"));
  const real = truths.map((truth) => shapeOf(kind, truth, "an object"));
  const overlaps = new Float64Array(found.length * real.length);
  let at = 0;
  for (const detection of found) {
    for (const [place, truth] of real.entries()) {
      overlaps[at++] = overlap(detection, truth, truths[place]!.crowd);
    }
  }
  return overlaps;
}

interface Shape {
  /** Around the mask where there is one. */
  readonly box: Box;
  readonly mask: RunLengthMask | undefined;
  readonly area: number;
}

function shapeOf(kind: DetectionKind, object: Detection | TrueObject, name: string): Shape {
  const { box, mask } = object;
  if (kind === "box") return { box, mask: undefined, area: box[2] * box[3] };
  if (mask) return { box: maskBox(mask), mask, area: maskArea(mask) };
  throw new DifftapError("DATA_REFUSED", `${name} of image ${object.image} has no mask`, {
    hint: "masks can be compared where every object and every detection has one; compare boxes instead",
    details: { image: object.image },
  });
}

function overlap(detection: Shape, truth: Shape, crowd: boolean): number {
  const boxes = boxIntersection(detection.box, truth.box);
  if (boxes === 0) return 0;
  const shared = detection.mask && truth.mask ? maskIntersection(detection.mask, truth.mask) : boxes;
  if (shared === 0) return 0;
  return shared / (crowd ? detection.area : detection.area + truth.area - shared);
}

function boxIntersection(a: Box, b: Box): number {
  const width = Math.min(a[2] + a[0], b[2] + b[0]) - Math.max(a[0], b[0]);
  if (width <= 0) return 0;
  const height = Math.min(a[3] + a[1], b[3] + b[1]) - Math.max(a[1], b[1]);
  return height <= 0 ? 0 : width * height;
}

/** Pixels inside both masks, from their runs. @throws DifftapError DATA_REFUSED for masks of different sizes. */
function maskIntersection(a: RunLengthMask, b: RunLengthMask): number {
  checkSameSize(a, b);
  let [runA, endA, runB, endB] = [0, a.counts[0]!, 0, b.counts[0]!];
  let [place, shared] = [0, 0];
  while (runA < a.counts.length && runB < b.counts.length) {
    const end = Math.min(endA, endB);
    // Runs of ones have odd numbers.
    if ((runA & runB & 1) === 1) shared += end - place;
    place = end;
    if (endA === end) endA += a.counts[++runA]!;
    if (endB === end) endB += b.counts[++runB]!;
  }
  return shared;
}

function checkSameSize(a: RunLengthMask, b: RunLengthMask): void {
  if (a.height === b.height && a.width === b.width) return;
  throw new DifftapError(
    "DATA_REFUSED",
    `masks of one image have ${a.height} × ${a.width} and ${b.height} × ${b.width} pixels`,
    { hint: "bring every mask to the size of its image" },
  );
}
