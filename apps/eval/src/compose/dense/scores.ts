/** What a segmenter says of the images of a batch, each at a size of its own. */
import { type NdArray, ndarray } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { MapSize, Segmenter } from "@difftap/segmentation";

type Maps = Readonly<Record<string, tf.Tensor>>;

/** Scores [classes, height, width] of each image; row i of the maps is drawn at `sizes[i]`. */
export async function segmentationScores(
  segmenter: Pick<Segmenter, "predict">,
  maps: Maps,
  sizes: readonly MapSize[],
): Promise<NdArray<"float32">[]> {
  const scores = sizes.map(async (size, row) => {
    const found = tf.tidy(() => segmenter.predict(rowOf(maps, row), size));
    try {
      return ndarray("float32", found.shape.slice(1), Float32Array.from(await found.data()));
    } finally {
      found.dispose();
    }
  });
  return Promise.all(scores);
}

function rowOf(maps: Maps, row: number): Record<string, tf.Tensor> {
  const own = Object.entries(maps).map(([name, map]) => [name, tf.slice(map, [row], [1])] as const);
  return Object.fromEntries(own);
}
