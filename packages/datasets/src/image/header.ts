/** The size of an image from its header, without decoding it. */
import { DifftapError } from "@difftap/core";
import sharp from "sharp";
import type { ImageSize } from "../annotations.js";
import type { SourceImage } from "../dataset.js";
import { checkFormat, decodeOptions } from "./decode.js";

/** As `decode` would give it: orientation tags are passed over. @throws DifftapError IMAGE_CORRUPT naming the source */
export async function sizeInHeader(image: SourceImage): Promise<ImageSize> {
  if (image.kind === "pixels") return { height: image.height, width: image.width };
  checkFormat(image);
  try {
    const { height, width } = await sharp(image.bytes, decodeOptions).metadata();
    return { height, width };
  } catch (cause) {
    throw new DifftapError("IMAGE_CORRUPT", `${image.source} has no header that can be read`, {
      details: { source: image.source },
      cause,
    });
  }
}
