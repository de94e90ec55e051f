/** Where training images come from. The loop decides the order; a source reads what it is told to, ahead of its use if it can. */
import { DifftapError, type NdArray, ndarray } from "@difftap/core";

export interface TrainingImages {
  /** [n, 3, H, W]. */
  readonly images: NdArray<"uint8">;
  /** n classes; unlabelled images have −1. */
  readonly labels: Int32Array;
}

export interface ImageSource {
  /** Number of images. */
  readonly length: number;
  /** The images of these indices in this order, `batch` at a time. */
  batches(
    indices: Uint32Array,
    options: { readonly batch: number; readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<TrainingImages>;
}

/**
 * Images that lie in memory.
 * @param images [n, 3, H, W]
 * @throws DifftapError LABELS_MISMATCH unless there is a label for each image.
 */
export function memoryImages(images: NdArray<"uint8">, labels: Int32Array): ImageSource {
  const [n = 0, ...shape] = images.shape;
  if (n !== labels.length) {
    throw new DifftapError("LABELS_MISMATCH", `${n} images with ${labels.length} labels`);
  }
  const size = n === 0 ? 0 : images.data.length / n;
  const take = (indices: Uint32Array): TrainingImages => {
    const taken = ndarray("uint8", [indices.length, ...shape]);
    indices.forEach((index, row) => {
      taken.data.set(images.data.subarray(index * size, (index + 1) * size), row * size);
    });
    return { images: taken, labels: Int32Array.from(indices, (index) => labels[index]!) };
  };
  return {
    length: n,
    async *batches(indices, { batch }) {
      for (let at = 0; at < indices.length; at += batch) yield take(indices.subarray(at, at + batch));
    },
  };
}
