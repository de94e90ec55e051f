/** The images a probe is surest about: rightly and wrongly. */

import type { NdArray } from "@difftap/core";
import { loadImages } from "@difftap/datasets";
import { confidences } from "@difftap/metrics";
import type { Example } from "@difftap/run-folder";
import { type ImageSides, imageSizeOf } from "@difftap/taps";
import type { Selection } from "./images.js";
import type { LabelledFeatures } from "./labelled.js";
import { encodePng, fromPlanes, pngAddress } from "./png.js";

const SHOWN = 8;

export interface ExampleInputs {
  readonly images: Selection;
  readonly size: number;
  readonly test: LabelledFeatures;
  readonly logits: NdArray<"float64">;
  readonly predicted: Int32Array;
  readonly classNames: readonly string[];
}

/** Eight right and eight wrong ones, surest first, as PNG addresses. */
export async function examplesOf(inputs: ExampleInputs): Promise<{ best: Example[]; worst: Example[] }> {
  const { test, predicted } = inputs;
  const sure = confidences(inputs.logits);
  const order = [...predicted.keys()].sort((a, b) => sure[b]! - sure[a]!);
  const best = order.filter((row) => predicted[row] === test.labels[row]).slice(0, SHOWN);
  const worst = order.filter((row) => predicted[row] !== test.labels[row]).slice(0, SHOWN);
  return { best: await pictures(best, sure, inputs), worst: await pictures(worst, sure, inputs) };
}

async function pictures(
  rows: readonly number[],
  sure: Float64Array,
  { images, size, test, predicted, classNames }: ExampleInputs,
): Promise<Example[]> {
  const shown = await picturesOf(
    images,
    rows.map((row) => test.rows[row]!),
    size,
  );
  return rows.map((row, place) => ({
    ...shown[place]!,
    label: classNames[test.labels[row]!]!,
    predicted: classNames[predicted[row]!]!,
    probability: sure[row]!,
  }));
}

interface Picture {
  readonly id: string;
  /** data: address of a PNG. */
  readonly image: string;
}

/** Images of a selection, by their place in it, cropped as the network sees them. */
export async function picturesOf(
  { dataset, indices }: Selection,
  places: readonly number[],
  size: ImageSides,
): Promise<Picture[]> {
  if (places.length === 0) return [];
  const chosen = places.map((place) => indices[place]!);
  const found: Picture[] = [];
  for await (const batch of loadImages(dataset, {
    indices: chosen,
    size,
    batch: chosen.length,
    onCorrupt: "fail",
  })) {
    found.push(...batch.ids.map((id, row) => ({ id, image: pictureOf(batch.images, row, size) })));
  }
  return found;
}

function pictureOf(images: NdArray<"uint8">, place: number, size: ImageSides): string {
  const { height, width } = imageSizeOf({ size });
  const length = 3 * height * width;
  const planes = images.data.subarray(place * length, (place + 1) * length);
  return pngAddress(encodePng(fromPlanes(planes, width, height)));
}
