/** Maps of images on the engine, as long as somebody looks at them. */
import { tf } from "@difftap/engine";
import type { MapReader, NamedImages } from "./map-reader.js";

type Maps = Readonly<Record<string, tf.Tensor>>;

/** Reads the maps of images, hands them to `use` and disposes them. */
export async function onMaps<T>(
  reader: Pick<MapReader, "read">,
  images: NamedImages,
  noiseSeed: number,
  use: (maps: Maps) => Promise<T>,
): Promise<T> {
  const read = Object.entries(await reader.read(images, noiseSeed));
  const maps = Object.fromEntries(read.map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));
  try {
    return await use(maps);
  } finally {
    tf.dispose(maps);
  }
}
