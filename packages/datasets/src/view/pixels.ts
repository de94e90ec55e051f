/** An image's pixels seen through a view. */
import { bicubic, type Pixels, resample } from "../image/resample.js";
import type { View } from "./view.js";

/** What of the canvas shows no image: between black and white, near 0 for the network. */
const EMPTY = 128;

/**
 * Resized bicubically, as the backbone's own preprocessing does; an image that keeps its size keeps its pixels.
 * @param image of the view's source size
 * @returns RGB pixels of the canvas's size; grey (128) where it shows nothing of the image
 */
export function pixelsToCanvas(image: Pixels, view: View): Pixels {
  const { resized, canvas, left, top, mirrored } = view;
  const [x, y] = [Math.max(0, left), Math.max(0, top)];
  const width = Math.min(canvas.width, left + resized.width) - x;
  const height = Math.min(canvas.height, top + resized.height) - y;
  const out = new Uint8Array(canvas.width * canvas.height * 3).fill(EMPTY);
  if (width > 0 && height > 0) {
    const window = { left: x - left, top: y - top, width, height };
    const shown = resample(image, resized.width, resized.height, bicubic, window);
    for (let row = 0; row < height; row++) {
      const from = shown.data.subarray(row * width * 3, (row + 1) * width * 3);
      out.set(from, ((y + row) * canvas.width + x) * 3);
    }
  }
  if (mirrored) mirrorRows(out, canvas.width);
  return { data: out, ...canvas };
}

function mirrorRows(data: Uint8Array, width: number): void {
  for (let start = 0; start < data.length; start += width * 3) {
    const row = data.slice(start, start + width * 3);
    for (let x = 0; x < width; x++) {
      data.set(row.subarray((width - 1 - x) * 3, (width - x) * 3), start + x * 3);
    }
  }
}
