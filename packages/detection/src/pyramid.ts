/** Where a dense detector predicts: the cells of every level of a pyramid of maps, each with its centre in the image. */
import { DifftapError } from "@difftap/core";
import type { HeadTap } from "@difftap/heads";

/** In pixels, of an image as the backbone was fed it. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** Rows and columns of a level's map, and how many pixels of the image lie between its cells. */
export interface PyramidLevel {
  readonly stride: number;
  readonly height: number;
  readonly width: number;
}

/** Numbers per location: x and y of its centre in pixels, stride of its level. */
export const PLACE_NUMBERS = 3;

/** How far the strides of a tap's rows and columns may differ: rounding. */
const SQUARE = 1e-6;

export function countLocations(levels: readonly PyramidLevel[]): number {
  return levels.reduce((sum, { height, width }) => sum + height * width, 0);
}

/** [locations, 3]: x, y and stride of every cell, level after level, rows first. */
export function placesOf(levels: readonly PyramidLevel[]): Float32Array {
  const places = new Float32Array(countLocations(levels) * PLACE_NUMBERS);
  let write = 0;
  for (const { stride, height, width } of levels) {
    for (let cell = 0; cell < height * width; cell++) {
      places[write++] = ((cell % width) + 0.5) * stride;
      places[write++] = (Math.floor(cell / width) + 0.5) * stride;
      places[write++] = stride;
    }
  }
  return places;
}

/**
 * Pixels of the image between the cells of a tap's map.
 * @throws DifftapError REQUEST_INVALID when rows and columns differ in it, as when a map was pooled to another shape than the image's.
 */
export function strideOf({ name, height, width }: HeadTap, image: ImageSize): number {
  const [down, across] = [image.height / height, image.width / width];
  if (Math.abs(down - across) <= SQUARE * down) return down;
  throw new DifftapError(
    "REQUEST_INVALID",
    `tap ${name} has ${height}×${width} cells for an image of ${image.height}×${image.width}: they are not square`,
    {
      hint: "detect on whole maps, or pool to the image's own proportions",
      details: { name, map: { height, width }, image },
    },
  );
}

/**
 * The taps as they are for an image of another size.
 * @throws DifftapError REQUEST_INVALID where a map would not have whole rows and columns.
 */
export function resizeTaps(taps: readonly HeadTap[], from: ImageSize, to: ImageSize): readonly HeadTap[] {
  return taps.map((tap) => {
    const height = (tap.height * to.height) / from.height;
    const width = (tap.width * to.width) / from.width;
    if (Number.isInteger(height) && Number.isInteger(width)) return { ...tap, height, width };
    throw new DifftapError(
      "REQUEST_INVALID",
      `tap ${tap.name} has no whole map for an image of ${to.height}×${to.width}: ${height}×${width} cells`,
      {
        hint: `sides are multiples of the network's stride, as ${from.height}×${from.width} is`,
        details: { name: tap.name, image: to },
      },
    );
  });
}
