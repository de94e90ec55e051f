/** What every metric checks before it counts: shapes, labels, values. */
import { DifftapError, type NdArray } from "@difftap/core";

/** Features, logits or similarities: one row per sample. */
export type Matrix = NdArray<"float32"> | NdArray<"float64">;

/** Rows and columns of a matrix. @throws DifftapError USAGE_INVALID unless it has two dimensions and no empty one. */
export function matrixSize(matrix: Matrix, name: string): { rows: number; columns: number } {
  const [rows, columns] = matrix.shape;
  if (matrix.shape.length === 2 && rows! > 0 && columns! > 0) return { rows: rows!, columns: columns! };
  throw new DifftapError(
    "USAGE_INVALID",
    `${name} has shape [${matrix.shape.join(", ")}], not [samples, values]`,
    {
      hint: "flatten each sample to one row; empty sets cannot be measured",
      details: { shape: matrix.shape },
    },
  );
}

/** @throws DifftapError LABELS_MISMATCH when there is not exactly one label per row. */
export function checkLabelCount(labels: Int32Array, rows: number, name: string): void {
  if (labels.length === rows) return;
  throw new DifftapError("LABELS_MISMATCH", `${name}: ${rows} rows, but ${labels.length} labels`, {
    hint: "features and labels have to come from the same samples in the same order",
    details: { rows, labels: labels.length },
  });
}

/** @throws DifftapError LABELS_MISMATCH naming the first label outside 0 … classes−1. */
export function checkLabelRange(labels: Int32Array, classes: number, name: string): void {
  const index = labels.findIndex((label) => label < 0 || label >= classes);
  if (index === -1) return;
  throw new DifftapError(
    "LABELS_MISMATCH",
    `${name}: label ${labels[index]} of sample ${index} is outside 0 … ${classes - 1}`,
    {
      hint: `there are ${classes} classes, counted from 0`,
      details: { index, label: labels[index], classes },
    },
  );
}

/** @throws DifftapError USAGE_INVALID unless `classes` is an integer of at least 2. */
export function checkClasses(classes: number): void {
  if (Number.isInteger(classes) && classes >= 2) return;
  throw new DifftapError("USAGE_INVALID", `${classes} classes: a classification needs at least 2`, {
    details: { classes },
  });
}

/** @throws DifftapError LABELS_MISMATCH when all labels are the same: nothing can be learnt from them. */
export function checkSeveralClasses(labels: Int32Array, name: string): void {
  if (labels.some((label) => label !== labels[0])) return;
  throw new DifftapError(
    "LABELS_MISMATCH",
    `${name}: all ${labels.length} samples are of class ${labels[0]}`,
    {
      hint: "a subset cut from a sorted set holds one class only; take a class-balanced split",
      details: { class: labels[0] },
    },
  );
}

/** @throws DifftapError NUMERIC naming row, column and value of the first number that is not finite. */
export function checkFinite(matrix: Matrix, name: string): void {
  if (allFinite(matrix.data)) return;
  const index = matrix.data.findIndex((value: number) => !Number.isFinite(value));
  throw notFinite(matrix, index, name);
}

/** Zero times anything finite is zero, times anything else NaN: one pass without a branch. */
export function allFinite(values: Float32Array | Float64Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += 0 * values[i]!;
  return sum === 0;
}

/** The error for the value at a flat index. */
export function notFinite(matrix: Matrix, index: number, name: string): DifftapError {
  const columns = matrix.shape[1]!;
  const [row, column] = [Math.floor(index / columns), index % columns];
  return new DifftapError("NUMERIC", `${name}: row ${row}, column ${column} is ${matrix.data[index]}`, {
    hint: "leave out samples marked invalid, or extract these features again",
    details: { row, column },
  });
}
