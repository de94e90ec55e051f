/**
 * Accuracy of classifications: top-k, per class, confusion matrix.
 *
 * ```ts
 * import { ndarray } from "@difftap/core";
 * import { topK } from "@difftap/metrics";
 *
 * const logits = ndarray("float32", [2, 3], Float32Array.of(3, 1, 0, 0, 2, 1));
 * topK(logits, Int32Array.of(0, 2), 1); // { correct: 1, n: 2, accuracy: 0.5 }
 * ```
 */
import { DifftapError } from "@difftap/core";
import { checkFinite, checkLabelCount, checkLabelRange, type Matrix, matrixSize } from "./inputs.js";
import { wilsonInterval } from "./intervals.js";

export interface Accuracy {
  readonly correct: number;
  readonly n: number;
  /** correct / n, 0 to 1. */
  readonly accuracy: number;
}

/** Accuracy on the samples of one class; null accuracy and interval where the class has none. */
export interface ClassAccuracy {
  readonly label: number;
  readonly correct: number;
  readonly n: number;
  readonly accuracy: number | null;
  /** Wilson's 95 % interval. */
  readonly interval: readonly [number, number] | null;
}

/** Index of the largest value of each row of logits [n, K]; of equal ones the first. */
export function predictions(logits: Matrix): Int32Array {
  const { rows, columns } = matrixSize(logits, "logits");
  return Int32Array.from({ length: rows }, (_, row) => largest(logits, row * columns, columns));
}

/** Softmax probability of each row's prediction, from logits [n, K]; 0 to 1. */
export function confidences(logits: Matrix): Float64Array {
  const { columns } = matrixSize(logits, "logits");
  return Float64Array.from(predictions(logits), (best, row) => {
    const start = row * columns;
    let odds = 0;
    for (let k = 0; k < columns; k++) odds += Math.exp(logits.data[start + k]! - logits.data[start + best]!);
    return 1 / odds;
  });
}

function largest({ data }: Matrix, start: number, columns: number): number {
  let best = 0;
  for (let column = 1; column < columns; column++) {
    if (data[start + column]! > data[start + best]!) best = column;
  }
  return best;
}

/**
 * How many labels are among the k largest logits [n, K] of their row. Of equal logits the lower class comes first.
 * @throws DifftapError LABELS_MISMATCH for labels that do not fit, USAGE_INVALID for k outside 1 … K, NUMERIC for NaN.
 */
export function topK(logits: Matrix, labels: Int32Array, k: number): Accuracy {
  const { rows, columns } = matrixSize(logits, "logits");
  checkLabelCount(labels, rows, "logits");
  checkLabelRange(labels, columns, "logits");
  checkFinite(logits, "logits");
  if (!Number.isInteger(k) || k < 1 || k > columns) {
    throw new DifftapError("USAGE_INVALID", `top-${k} of ${columns} classes`, {
      hint: `k is an integer from 1 to ${columns}`,
    });
  }
  let correct = 0;
  for (let row = 0; row < rows; row++) if (rankOf(logits, row * columns, labels[row]!) < k) correct += 1;
  return { correct, n: rows, accuracy: correct / rows };
}

/** Number of classes that come before `label` in the row. */
function rankOf({ data, shape }: Matrix, start: number, label: number): number {
  const own = data[start + label]!;
  let rank = 0;
  for (let column = 0; column < shape[1]!; column++) {
    const value = data[start + column]!;
    if (value > own || (value === own && column < label)) rank += 1;
  }
  return rank;
}

/**
 * Counts of (label, prediction); rows are labels, columns predictions.
 * @throws DifftapError LABELS_MISMATCH when lengths differ or a class is outside 0 … classes−1.
 */
export function confusionMatrix(labels: Int32Array, predicted: Int32Array, classes: number): number[][] {
  checkLabelCount(labels, predicted.length, "predictions");
  checkLabelRange(labels, classes, "labels");
  checkLabelRange(predicted, classes, "predictions");
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, index) => {
    matrix[label]![predicted[index]!]! += 1;
  });
  return matrix;
}

/** Accuracy of each class, from a confusion matrix. */
export function perClassAccuracy(confusion: readonly (readonly number[])[]): ClassAccuracy[] {
  return confusion.map((row, label) => {
    const n = row.reduce((sum, count) => sum + count, 0);
    const correct = row[label]!;
    if (n === 0) return { label, correct, n, accuracy: null, interval: null };
    return { label, correct, n, accuracy: correct / n, interval: wilsonInterval(correct, n) };
  });
}
