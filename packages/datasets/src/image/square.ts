/** One image of a dataset → RGB pixels of the size the network takes. */
import { DifftapError } from "@difftap/core";
import type { SourceImage } from "../dataset.js";
import { type CropSize, centreCrop, sidesOf } from "./centre-crop.js";
import { decode } from "./decode.js";
import type { Pixels } from "./resample.js";

/**
 * Decodes where needed and crops to the size (`size` × `size` for a number) as guided-diffusion does; an image of that size stays as it is.
 * @throws DifftapError IMAGE_CORRUPT naming the source
 */
export async function squarePixels(image: SourceImage, size: CropSize): Promise<Pixels> {
  const pixels = await wholePixels(image);
  const { height, width } = sidesOf(size);
  return pixels.width === width && pixels.height === height ? pixels : centreCrop(pixels, size);
}

/** Decodes where needed. @throws DifftapError IMAGE_CORRUPT naming the source */
export async function wholePixels(image: SourceImage): Promise<Pixels> {
  return image.kind === "encoded" ? decode(image) : checkedPixels(image);
}

function checkedPixels(image: SourceImage & { kind: "pixels" }): Pixels {
  const { pixels, width, height, source } = image;
  if (width > 0 && height > 0 && pixels.length === width * height * 3) return { data: pixels, width, height };
  throw new DifftapError(
    "IMAGE_CORRUPT",
    `${source}: ${pixels.length} bytes are no RGB image of ${width}×${height}`,
  );
}
