/** Which images of a data set take part: all, the first N, or a seeded choice. */
import { option, wholeNumber } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { type ImageDataset, openDataset } from "@difftap/datasets";
import { z } from "zod";

export const imageOptions = {
  size: option(
    "<pixels>",
    "side the images are cropped to (default: that of training)",
    wholeNumber(1).optional(),
  ),
  onCorrupt: option(
    "<skip|fail>",
    "what to do with an image that cannot be read",
    z.enum(["skip", "fail"]).default("fail"),
  ),
};

/** A data set with the rows that take part. */
export interface Selection<D extends ImageDataset = ImageDataset> {
  readonly dataset: D;
  /** Indices into the data set, in order. */
  readonly indices: Uint32Array;
}

/** Opens a data set and takes its first `count` images. @throws DifftapError as `firstImages` */
export async function selectImages(spec: string, count: number | undefined): Promise<Selection> {
  return firstImages(await openDataset(spec), count);
}

/** All images of a data set, or the first `count`. @throws DifftapError REQUEST_INVALID when it has fewer. */
export function firstImages<D extends ImageDataset>(dataset: D, count: number | undefined): Selection<D> {
  const wanted = count ?? dataset.length;
  if (wanted > dataset.length || wanted === 0) {
    throw new DifftapError(
      "REQUEST_INVALID",
      `${wanted} images were asked for, ${dataset.name} has ${dataset.length}`,
      {
        hint: "ask for fewer, or leave the count out to take all",
        details: { wanted, length: dataset.length },
      },
    );
  }
  return { dataset, indices: Uint32Array.from({ length: wanted }, (_, index) => index) };
}
