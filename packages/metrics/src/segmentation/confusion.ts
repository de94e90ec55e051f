/** The confusion matrix of one true and one predicted label map. */
import { DifftapError } from "@difftap/core";

/** A class number for every pixel, row by row. */
export interface LabelMap {
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array | Uint16Array | Int32Array;
}

/**
 * Pixels by [label, prediction], row by row; those whose label is `ignore` are left out.
 * @throws DifftapError LABELS_MISMATCH for maps of different sizes and for a class outside 0 … K−1, naming the pixel.
 */
export function pixelConfusion(
  truth: LabelMap,
  predicted: LabelMap,
  { classes, ignore }: { classes: number; ignore: number },
): Float64Array {
  checkSameSize(truth, predicted);
  const confusion = new Float64Array(classes * classes);
  for (let pixel = 0; pixel < truth.data.length; pixel++) {
    const label = truth.data[pixel]!;
    if (label === ignore) continue;
    const guess = predicted.data[pixel]!;
    if (!(label >= 0 && label < classes)) refusePixel("true", truth, pixel, classes);
    if (!(guess >= 0 && guess < classes)) refusePixel("predicted", predicted, pixel, classes);
    confusion[label * classes + guess]! += 1;
  }
  return confusion;
}

function checkSameSize(truth: LabelMap, predicted: LabelMap): void {
  const { height, width } = truth;
  const same = height === predicted.height && width === predicted.width;
  if (same && truth.data.length === height * width && predicted.data.length === height * width) return;
  const sizeOf = (map: LabelMap) => `${map.height} × ${map.width} with ${map.data.length} values`;
  throw new DifftapError(
    "LABELS_MISMATCH",
    `the true map is ${sizeOf(truth)}, the predicted ${sizeOf(predicted)}`,
    { hint: "bring the prediction to the size of the true map" },
  );
}

function refusePixel(which: string, { data, width }: LabelMap, pixel: number, classes: number): never {
  const [row, column] = [Math.floor(pixel / width), pixel % width];
  throw new DifftapError(
    "LABELS_MISMATCH",
    `the ${which} class at row ${row}, column ${column} is ${data[pixel]}, outside 0 … ${classes - 1}`,
    {
      hint: `there are ${classes} classes; values that count nowhere are named by ignore`,
      details: { row, column },
    },
  );
}
