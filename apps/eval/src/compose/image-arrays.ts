/** Loaded images as arrays that networks are fed. */
import { elementCount, type NdArray, ndarray } from "@difftap/core";
import type { ViewBatch } from "@difftap/datasets";
import type { NamedImages } from "./dense/map-reader.js";

/** A loaded batch without the rows that fill it up. */
export function withoutPadding({
  images,
  count,
}: {
  readonly images: NdArray<"uint8">;
  readonly count: number;
}): NdArray<"uint8"> {
  const [, ...sample] = images.shape;
  return ndarray("uint8", [count, ...sample], images.data.subarray(0, count * elementCount(sample)));
}

/** The images that a batch shows, with their ids. */
export function shownImages(batch: ViewBatch): NamedImages {
  return { images: withoutPadding(batch), ids: batch.ids };
}

/** pixel/127.5 − 1; what is x_0 already stays. */
export function scaled(images: NdArray<"uint8"> | NdArray<"float32">): NdArray<"float32"> {
  if (images.dtype === "float32") return images;
  const { shape, data } = images;
  return ndarray(
    "float32",
    shape,
    Float32Array.from(data, (pixel) => pixel / 127.5 - 1),
  );
}
