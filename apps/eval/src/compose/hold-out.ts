/** A class-balanced share of the training rows, to choose settings on. */
import { ndarray } from "@difftap/core";
import { holdOut } from "@difftap/datasets";
import type { LabelledFeatures } from "./labelled.js";

/** Where nobody says otherwise. */
const HELD_OUT = 0.1;

/** Splits training rows into those that are fitted and those that judge, by seed. */
export function balancedHoldOut(
  all: LabelledFeatures,
  seed: number,
  share = HELD_OUT,
): { fit: LabelledFeatures; validation: LabelledFeatures } {
  const { train, validation } = holdOut(all.labels, share, seed);
  return { fit: takeRows(all, train), validation: takeRows(all, validation) };
}

/** These samples alone, in this order. */
export function takeRows(
  { features, labels, rows }: LabelledFeatures,
  chosen: Uint32Array,
): LabelledFeatures {
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
