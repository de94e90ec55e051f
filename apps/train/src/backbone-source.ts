/** Images of a data set as pretraining reads them: decoded ahead, while the engine computes the step before. */
import { type ImageDataset, loadImages } from "@difftap/datasets";
import type { ImageSource } from "@difftap/pretraining";

export interface ImageChoice {
  readonly dataset: ImageDataset;
  /** Those that take part. */
  readonly indices: Uint32Array;
}

/** Cropped to `size` as guided-diffusion does; an image that cannot be read ends the training. */
export function imageSource({ dataset, indices: chosen }: ImageChoice, size: number): ImageSource {
  return {
    length: chosen.length,
    async *batches(indices, { batch, signal }) {
      const places = Uint32Array.from(indices, (index) => chosen[index]!);
      const loaded = loadImages(dataset, { indices: places, size, batch, onCorrupt: "fail", signal });
      for await (const { images, labels } of loaded) yield { images, labels };
    },
  };
}
