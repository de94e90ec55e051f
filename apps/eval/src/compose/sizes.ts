/** Sizes of images that features are read at: one, or several, of which the first names no array. */
import type { Architecture } from "@difftap/backbone";
import { option } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import type { HeadDescription, HeadTap } from "@difftap/heads";
import { type ImageSides, imageSizeOf } from "@difftap/taps";
import { sizeList } from "./values.js";

export const sizesOption = option(
  "<list>",
  "instead of --size, several sizes that images are cropped to and read at, such as 32,48 or 96x128 (rows, then columns); arrays of the first are named as ever, those of others such as t50/b09@48",
  sizeList().optional(),
);

export interface Sizes {
  readonly size: ImageSides;
  /** The others; arrays and noise have them in their names. */
  readonly otherSizes: readonly ImageSides[];
}

/** What --size and --sizes say; that of training where neither is given. @throws DifftapError CONFIG_INVALID where both are. */
export function sizesOf(
  { size, sizes }: { readonly size?: number | undefined; readonly sizes?: readonly ImageSides[] | undefined },
  { imageSize }: Architecture,
): Sizes {
  if (size !== undefined && sizes !== undefined) {
    throw new DifftapError("CONFIG_INVALID", "--size and --sizes both say how large images are", {
      hint: "give one of them; the first of --sizes is what --size would be",
      details: { size, sizes },
    });
  }
  const [first = size ?? imageSize, ...otherSizes] = sizes ?? [];
  return { size: first, otherSizes };
}

/**
 * At which sizes a saved head reads images: those it was trained on, or one that is asked for.
 * @throws DifftapError CONFIG_INVALID for one size where the head reads several.
 */
export function sizesOfHead(
  { taps, size: trained }: Pick<HeadDescription, "taps" | "size">,
  asked: number | undefined,
  { imageSize }: Architecture,
): Sizes {
  const otherSizes = otherSizesOf(taps);
  if (otherSizes.length > 0 && asked !== undefined) {
    throw new DifftapError("CONFIG_INVALID", `--size ${asked}: the head reads images of several sizes`, {
      hint: "leave --size out: the head knows its own",
      details: { asked, otherSizes },
    });
  }
  return { size: asked ?? (trained && sidesOf(trained)) ?? imageSize, otherSizes };
}

/** Sizes that taps name, each once. */
export function otherSizesOf(taps: readonly HeadTap[]): ImageSides[] {
  const named = taps.flatMap(({ size }) => (size ? [sidesOf(size)] : []));
  return [...new Map(named.map((size) => [JSON.stringify(size), size])).values()];
}

/** As requests write it: a square by its side. */
function sidesOf(size: ImageSides): ImageSides {
  const { height, width } = imageSizeOf({ size });
  return height === width ? height : { height, width };
}

/** Whether a map belongs to images of the proportions of a picture, and can be laid over it. */
export function isOfShape(tap: HeadTap, picture: ImageSides): boolean {
  const { height, width } = imageSizeOf({ size: picture });
  return tap.size === undefined || tap.size.height * width === tap.size.width * height;
}
