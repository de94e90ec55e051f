/**
 * The centre crop of guided-diffusion (`image_datasets.py: center_crop_arr`): halve by box filter while the shorter side is
 * at least twice the size asked for, then bicubic to that size, then crop the middle.
 */
import { bicubic, box, type Pixels, resample } from "./resample.js";

/** In pixels: the side of squares, or height and width. */
export type CropSize = number | { readonly height: number; readonly width: number };

export function sidesOf(size: CropSize): { readonly height: number; readonly width: number } {
  return typeof size === "number" ? { height: size, width: size } : size;
}

/**
 * For results that are not square, "the shorter side" is the one that is shorter measured by the result's.
 * @param image RGB pixels of any size
 * @param size of the result
 * @returns RGB pixels of that size
 */
export function centreCrop(image: Pixels, size: CropSize): Pixels {
  const wanted = sidesOf(size);
  let reduced = image;
  while (reduced.width >= 2 * wanted.width && reduced.height >= 2 * wanted.height) reduced = halve(reduced);
  const scale = Math.max(wanted.width / reduced.width, wanted.height / reduced.height);
  const width = roundHalfEven(reduced.width * scale);
  const height = roundHalfEven(reduced.height * scale);
  const left = Math.floor((width - wanted.width) / 2);
  const top = Math.floor((height - wanted.height) / 2);
  return resample(reduced, width, height, bicubic, { left, top, ...wanted });
}

function halve(image: Pixels): Pixels {
  const width = image.width >> 1;
  const height = image.height >> 1;
  return resample(image, width, height, box, { left: 0, top: 0, width, height });
}

/** Python's round: halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
