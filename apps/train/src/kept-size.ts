/** The size of images that a head keeps for whoever reads images for it later. */
import type { ImageSize } from "@difftap/backbone";
import { type FeatureRequest, imageSizeOf } from "@difftap/taps";

/** Of the images, where it is not the network's own. */
export function keptSize(request: Pick<FeatureRequest, "size" | "architecture">): ImageSize | undefined {
  const size = imageSizeOf(request);
  const { imageSize } = request.architecture;
  return size.height === imageSize && size.width === imageSize ? undefined : size;
}
