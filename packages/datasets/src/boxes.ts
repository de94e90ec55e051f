/** Boxes as files have them → boxes inside their image, with a count of those that had to be cut or dropped. */
import type { Box, BoxReport, ImageSize } from "./annotations.js";

/**
 * Over the edge by less than this many pixels is rounding, as in COCO's own files: such boxes stay as they are, so that
 * evaluation sees what other evaluators see.
 */
const ROUNDING = 1;

/** Dropped boxes that a report names. */
const EXAMPLES = 5;

/**
 * The part of a box inside its image: the same box when it reaches over no edge by a pixel or more.
 * @returns null when the box has no area, or none inside the image
 */
export function boxInside(box: Box, { height, width }: ImageSize): Box | null {
  const [left, top, boxWidth, boxHeight] = box;
  const [right, bottom] = [left + boxWidth, top + boxHeight];
  const across = Math.min(right, width) - Math.max(left, 0);
  const down = Math.min(bottom, height) - Math.max(top, 0);
  if (!(boxWidth > 0 && boxHeight > 0 && across > 0 && down > 0)) return null;
  const far = Math.max(-left, -top, right - width, bottom - height);
  return far < ROUNDING ? box : [Math.max(left, 0), Math.max(top, 0), across, down];
}

export interface BoxCount {
  /** `boxInside`, counted. @param where the box is, for the report */
  take(box: Box, size: ImageSize, where: () => string): Box | null;
  report(): BoxReport;
}

export function countBoxes(): BoxCount {
  let [boxes, clipped, dropped] = [0, 0, 0];
  const examples: string[] = [];
  return {
    take(box, size, where) {
      const inside = boxInside(box, size);
      boxes++;
      if (inside === null) {
        dropped++;
        if (examples.length < EXAMPLES) examples.push(`${where()}: [${box.join(", ")}]`);
      } else if (inside !== box) clipped++;
      return inside;
    },
    report: () => ({ boxes, clipped, dropped, examples }),
  };
}
