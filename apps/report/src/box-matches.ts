/** Which found boxes lie on which objects of a picture: COCO's rule at an overlap of one half. */
import type { DetectionPicture, PictureBox } from "@difftap/run-folder";

/** Intersection over union from which an object is found. */
export const FOUND_OVERLAP = 0.5;

interface FoundBox {
  readonly label: string;
  readonly score: number;
  readonly box: PictureBox;
  /** With the object that it finds; null where it finds none. */
  readonly overlap: number | null;
}

export interface BoxMatches {
  /** The best score first. */
  readonly found: readonly FoundBox[];
  readonly missed: DetectionPicture["truth"];
}

/** Box after box, the best score first, takes the object of its class that it overlaps most and that is still free. */
export function matchBoxes({ truth, found }: DetectionPicture): BoxMatches {
  const free = new Set(truth);
  const ranked = [...found].sort((a, b) => b.score - a.score);
  const matched = ranked.map((each) => {
    const [best] = [...free]
      .filter(({ label }) => label === each.label)
      .map((object) => ({ object, overlap: overlapOf(object.box, each.box) }))
      .sort((a, b) => b.overlap - a.overlap);
    if (!best || best.overlap < FOUND_OVERLAP) return { ...each, overlap: null };
    free.delete(best.object);
    return { ...each, overlap: best.overlap };
  });
  return { found: matched, missed: truth.filter((object) => free.has(object)) };
}

/** Intersection over union. */
function overlapOf(a: PictureBox, b: PictureBox): number {
  const [width, height] = [shared(a[0], a[2], b[0], b[2]), shared(a[1], a[3], b[1], b[3])];
  const inside = width * height;
  return inside / (a[2] * a[3] + b[2] * b[3] - inside);
}

const shared = (a: number, aLength: number, b: number, bLength: number) =>
  Math.max(0, Math.min(a + aLength, b + bLength) - Math.max(a, b));

/** "15 of 16 objects found (13 of 14 RBC, 2 of 2 WBC); 3 other boxes" */
export function matchesInWords(picture: DetectionPicture, matches: BoxMatches): string {
  return inWords(picture, matches, ` (${byClass(picture, matches).join(", ")})`);
}

/** "15 of 16 objects found; 3 other boxes" */
export function matchesInShort(picture: DetectionPicture, matches: BoxMatches): string {
  return inWords(picture, matches, "");
}

function inWords({ truth }: DetectionPicture, { found, missed }: BoxMatches, classes: string): string {
  const boxes = (count: number) => (count === 1 ? "box" : "boxes");
  if (truth.length === 0) return `no object; ${found.length} ${boxes(found.length)}`;
  const others = found.filter(({ overlap }) => overlap === null).length;
  const objects = `${truth.length - missed.length} of ${truth.length} ${truth.length === 1 ? "object" : "objects"}`;
  return `${objects} found${classes}; ${others === 0 ? "no other box" : `${others} other ${boxes(others)}`}`;
}

function byClass({ truth }: DetectionPicture, { missed }: BoxMatches): string[] {
  const count = (objects: DetectionPicture["truth"], label: string) =>
    objects.filter((object) => object.label === label).length;
  return [...new Set(truth.map(({ label }) => label))].map((label) => {
    const there = count(truth, label);
    return `${there - count(missed, label)} of ${there} ${label}`;
  });
}
