/** A data set as it looks after cropping and mirroring, image by image. */
import { isDifftapError, ndarray, sha256Hex, stableStringify } from "@difftap/core";
import { type ImageDataset, type SourceImage, squarePixels } from "@difftap/datasets";
import { augmentImages } from "@difftap/trainer";
import { fromPlanes, toPlanes } from "../png.js";

export interface View {
  /** Side of the images in pixels. */
  readonly size: number;
  readonly seed: number;
  /** Which of several views. */
  readonly view: number;
}

/** The same images under the same ids, so that their noise is the same too: only crop and mirroring differ. */
export function viewed(dataset: ImageDataset, view: View): ImageDataset {
  return {
    name: dataset.name,
    length: dataset.length,
    classes: dataset.classes,
    digest: sha256Hex(stableStringify({ of: dataset.digest, ...view })),
    id: (index) => dataset.id(index),
    label: (index) => dataset.label(index),
    read: async (index) => augmented(await dataset.read(index), index, view),
    close: async () => dataset.close?.(),
  };
}

/** An image that cannot be decoded is handed on as it is: the loader says what is wrong with it. */
async function augmented(
  image: SourceImage,
  index: number,
  { size, seed, view }: View,
): Promise<SourceImage> {
  try {
    const { data } = await squarePixels(image, size);
    const planes = ndarray("uint8", [1, 3, size, size], toPlanes({ data, width: size, height: size }));
    const { data: changed } = augmentImages(planes, { seed, epoch: view, samples: [index] });
    const { data: pixels } = fromPlanes(changed, size, size);
    return { kind: "pixels", pixels, width: size, height: size, source: image.source };
  } catch (error) {
    if (isDifftapError(error, "IMAGE_CORRUPT")) return image;
    throw error;
  }
}
