/** A batch's maps on the engine, as long as somebody looks at them. */
import { elementCount, ndarray } from "@difftap/core";
import type { ViewBatch } from "@difftap/datasets";
import { tf } from "@difftap/engine";
import type { MapReader } from "./map-reader.js";

type Maps = Readonly<Record<string, tf.Tensor>>;

/** Reads the maps of the images that the batch shows, hands them to `use` and disposes them. */
export async function onMaps<T>(
  reader: MapReader,
  { images, count, ids }: ViewBatch,
  noiseSeed: number,
  use: (maps: Maps) => Promise<T>,
): Promise<T> {
  const [, ...sample] = images.shape;
  const shown = ndarray("uint8", [count, ...sample], images.data.subarray(0, count * elementCount(sample)));
  const read = Object.entries(await reader.read({ images: shown, ids }, noiseSeed));
  const maps = Object.fromEntries(read.map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));
  try {
    return await use(maps);
  } finally {
    tf.dispose(maps);
  }
}
