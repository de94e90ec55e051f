/** Brightness, contrast and saturation, changed a little by chance. Source: torchvision's ColorJitter, in that order. */
import { type RandomAddress, uniforms } from "@difftap/core";
import type { Pixels } from "../image/resample.js";

/** Greatest change of each, as a share: 0.4 draws factors from 0.6 to 1.4. None where absent. */
export interface ColourJitter {
  readonly brightness?: number | undefined;
  readonly contrast?: number | undefined;
  readonly saturation?: number | undefined;
}

export interface ColourFactors {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
}

export function drawColours(jitter: ColourJitter, address: RandomAddress): ColourFactors {
  const { brightness = 0, contrast = 0, saturation = 0 } = jitter;
  const [b, c, s] = uniforms(address, 3) as unknown as [number, number, number];
  const factor = (most: number, u: number) => Math.max(0, 1 + most * (2 * u - 1));
  return {
    brightness: factor(brightness, b),
    contrast: factor(contrast, c),
    saturation: factor(saturation, s),
  };
}

/** ITU-R 601-2, as PIL turns colours to grey. */
const RED = 0.299;
const GREEN = 0.587;
const BLUE = 0.114;

/** Contrast is changed around the image's mean grey, saturation around each pixel's own; values are cut to 0 … 255 once, at the end. */
export function changeColours(image: Pixels, { brightness, contrast, saturation }: ColourFactors): Pixels {
  const { data: from, width, height } = image;
  const data = new Uint8ClampedArray(from.length);
  const gain = brightness * contrast;
  const shift = (1 - contrast) * brightness * meanGrey(from);
  for (let i = 0; i < from.length; i += 3) {
    const red = shift + gain * from[i]!;
    const green = shift + gain * from[i + 1]!;
    const blue = shift + gain * from[i + 2]!;
    const grey = greyOf(red, green, blue);
    data[i] = grey + saturation * (red - grey);
    data[i + 1] = grey + saturation * (green - grey);
    data[i + 2] = grey + saturation * (blue - grey);
  }
  return { data: new Uint8Array(data.buffer), width, height };
}

function greyOf(red: number, green: number, blue: number): number {
  return RED * red + GREEN * green + BLUE * blue;
}

function meanGrey(data: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += greyOf(data[i]!, data[i + 1]!, data[i + 2]!);
  return sum / (data.length / 3);
}
