/** Many pictures as one. */
import type { NdArray } from "@difftap/core";

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Rows, columns, RGB. */
  readonly data: Uint8Array;
}

/** Pixels between pictures, white. */
const GAP = 2;

/** Pictures [n, 3, H, W] in rows, as nearly square as they can be. */
export function pictureGrid({ shape, data }: NdArray<"uint8">): Picture {
  const [n = 0, , side = 0, breadth = 0] = shape;
  const columns = Math.ceil(Math.sqrt(n));
  const rows = Math.ceil(n / columns);
  const width = columns * (breadth + GAP) - GAP;
  const height = rows * (side + GAP) - GAP;
  const out = new Uint8Array(3 * width * height).fill(255);
  const plane = side * breadth;
  data.forEach((value, at) => {
    const [picture, channel, place] = [Math.floor(at / (3 * plane)), Math.floor(at / plane) % 3, at % plane];
    const y = Math.floor(picture / columns) * (side + GAP) + Math.floor(place / breadth);
    const x = (picture % columns) * (breadth + GAP) + (place % breadth);
    out[3 * (y * width + x) + channel] = value;
  });
  return { width, height, data: out };
}
