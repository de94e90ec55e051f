/** Names of classes that are told by the names of their images alone. */
import { DifftapError } from "@difftap/core";
import type { ListedImage } from "../listed-images.js";

/**
 * One name per label.
 * @param list the images are from, for messages
 * @throws DifftapError LABELS_MISMATCH when images of one label have different names, or a label has no image
 */
export function namesByLabel(
  images: readonly ListedImage[],
  nameOf: (image: ListedImage) => string,
  list: string,
): string[] {
  const names = new Map<number, string>();
  for (const image of images) {
    const name = nameOf(image);
    const known = names.get(image.label) ?? name;
    if (known !== name)
      throw new DifftapError("LABELS_MISMATCH", `${list}: class ${image.label + 1} is ${known} and ${name}`);
    names.set(image.label, name);
  }
  return Array.from({ length: names.size }, (_, label) => {
    const name = names.get(label);
    if (name !== undefined) return name;
    throw new DifftapError(
      "LABELS_MISMATCH",
      `${list} has no image of class ${label + 1}, and others above it`,
    );
  });
}
