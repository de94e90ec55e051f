/**
 * The centre crop of guided-diffusion (`image_datasets.py: center_crop_arr`): halve by box filter while the shorter side is
 * at least twice the size asked for, then bicubic to that size, then crop the middle.
 */
import { bicubic, box, type Pixels, resample } from "./resample.js";

/**
 * @param image RGB pixels of any size
 * @param size side of the result in pixels
 * @returns RGB pixels of size × size
 */
export function centreCrop(image: Pixels, size: number): Pixels {
  let reduced = image;
  while (Math.min(reduced.width, reduced.height) >= 2 * size) reduced = halve(reduced);
  const scale = size / Math.min(reduced.width, reduced.height);
  const width = roundHalfEven(reduced.width * scale);
  const height = roundHalfEven(reduced.height * scale);
  const left = Math.floor((width - size) / 2);
  const top = Math.floor((height - size) / 2);
  return resample(reduced, width, height, bicubic, { left, top, width: size, height: size });
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
