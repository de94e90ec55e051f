/** A class-balanced tenth of the training rows, to choose settings on. */
import { ndarray } from "@difftap/core";
import { holdOut } from "@difftap/datasets";
import type { LabelledFeatures } from "./labelled.js";

const HELD_OUT = 0.1;

/** Splits training rows into those that are fitted and those that judge, by seed. */
export function balancedHoldOut(
  all: LabelledFeatures,
  seed: number,
): { fit: LabelledFeatures; validation: LabelledFeatures } {
  const { train, validation } = holdOut(all.labels, HELD_OUT, seed);
  return { fit: rowsOf(all, train), validation: rowsOf(all, validation) };
}

function rowsOf({ features, labels, rows }: LabelledFeatures, chosen: Uint32Array): LabelledFeatures {
  const width = features.shape[1]!;
  const data = new Float32Array(chosen.length * width);
  chosen.forEach((row, index) => {
    data.set(features.data.subarray(row * width, (row + 1) * width), index * width);
  });
  return {
    features: ndarray("float32", [chosen.length, width], data),
    labels: Int32Array.from(chosen, (row) => labels[row]!),
    rows: chosen.map((row) => rows[row]!),
  };
}
