/** The first samples of a folder on one picture. */
import { readFile } from "node:fs/promises";
import { decodePng, encodePng, type RgbImage } from "./png.js";
import { sampleFile } from "./sample-journal.js";

/** More images than this say no more to the eye. */
const MOST_SHOWN = 64;
/** Sides above this make reports heavy: 64 images of 128 px, 16 of 256. */
const MOST_PIXELS = 1024;

export interface SampleGrid {
  readonly png: Uint8Array;
  readonly shown: number;
  readonly columns: number;
}

/** Joins the first images of `count` in a folder, about as many rows as columns, in the order of their numbers. */
export async function sampleGrid(folder: string, count: number, size: number): Promise<SampleGrid> {
  const side = Math.max(1, Math.floor(MOST_PIXELS / size));
  const shown = Math.min(count, MOST_SHOWN, side * side);
  const columns = Math.ceil(Math.sqrt(shown));
  const images = await Promise.all(
    Array.from({ length: shown }, async (_, index) => decodePng(await readFile(sampleFile(folder, index)))),
  );
  return { png: encodePng(joined(images, columns, size)), shown, columns };
}

/** Places without an image stay black. */
function joined(images: readonly RgbImage[], columns: number, size: number): RgbImage {
  const [width, height] = [columns * size, Math.ceil(images.length / columns) * size];
  const data = new Uint8Array(3 * width * height);
  images.forEach((image, index) => {
    const [left, top] = [(index % columns) * size, Math.floor(index / columns) * size];
    for (let row = 0; row < size; row++) {
      const line = image.data.subarray(3 * row * size, 3 * (row + 1) * size);
      data.set(line, 3 * ((top + row) * width + left));
    }
  });
  return { width, height, data };
}
