/** Label maps in plain arrays: checked and stacked for training, or read off what a segmenter predicts. */
import { DifftapError, type NdArray, ndarray } from "@difftap/core";
import type { LabelRange } from "./targets.js";

/** The class of every pixel, rows first. */
export interface LabelMap {
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array | Uint16Array;
}

/** The features entry that holds a segmenter's targets. */
export const labelMapEntry = "labelMap";

/**
 * Label maps of one size as the features entry `labelMap`: [N, height, width].
 * @throws DifftapError LABELS_MISMATCH for none, for maps of several sizes, and for a value that is neither a class nor `ignore`.
 */
export function stackLabelMaps(maps: readonly LabelMap[], range: LabelRange): NdArray<"float32"> {
  const [first] = maps;
  if (first === undefined) throw new DifftapError("LABELS_MISMATCH", "no label map to stack");
  const { height, width } = first;
  const pixels = height * width;
  const stacked = new Float32Array(maps.length * pixels);
  maps.forEach((map, index) => {
    checkSize(map, first, index);
    checkValues(map, range, index);
    stacked.set(map.data, index * pixels);
  });
  return ndarray("float32", [maps.length, height, width], stacked);
}

function checkSize({ height, width, data }: LabelMap, first: LabelMap, index: number): void {
  if (height === first.height && width === first.width && data.length === height * width) return;
  throw new DifftapError(
    "LABELS_MISMATCH",
    `label map ${index} of the batch is ${height}×${width} with ${data.length} values, the first is ${first.height}×${first.width}`,
    { hint: "crop or resize images and their label maps to one size", details: { index, height, width } },
  );
}

function checkValues({ data, width }: LabelMap, { classes, ignore }: LabelRange, index: number): void {
  const place = (data as Uint8Array).findIndex((value) => value >= classes && value !== ignore);
  if (place < 0) return;
  const [value, row, column] = [data[place]!, Math.floor(place / width), place % width];
  throw new DifftapError(
    "LABELS_MISMATCH",
    `label map ${index} of the batch holds ${value} in row ${row}, column ${column}; classes are 0 … ${classes - 1}, and ${ignore} is ignored`,
    {
      hint: "map the data set's values to classes, or name the one that counts nowhere",
      details: { index, value, row, column, classes, ignore },
    },
  );
}

/**
 * The class with the largest score at each pixel, the first of equals.
 * @param scores [classes, height, width].
 */
export function labelMapOf({ shape, data }: NdArray<"float32">): LabelMap {
  const [classes, height, width] = shape as [number, number, number];
  const pixels = height * width;
  const labels = classes <= 256 ? new Uint8Array(pixels) : new Uint16Array(pixels);
  const best = data.slice(0, pixels);
  for (let label = 1; label < classes; label++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const score = data[label * pixels + pixel]!;
      if (score <= best[pixel]!) continue;
      best[pixel] = score;
      labels[pixel] = label;
    }
  }
  return { height, width, data: labels };
}
