/** Zero mean and unit deviation per dimension, in float64, without blocking the thread for long. */
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "@difftap/core";
import { type Matrix, matrixSize, notFinite } from "../inputs.js";

export interface Moments {
  readonly mean: Float64Array;
  /** With n, not n−1; at least the floor. */
  readonly deviation: Float64Array;
}

/** Dimensions that never vary would be divided by zero. */
const DEVIATION_FLOOR = 1e-6;
/** A few milliseconds of work between two turns of the event loop. */
const VALUES_PER_TURN = 1 << 20;

/**
 * Mean and deviation of each column of features [n, d].
 * @throws DifftapError NUMERIC naming row and column of a value that is not finite, INTERRUPTED.
 */
export async function columnMoments(features: Matrix, signal?: AbortSignal): Promise<Moments> {
  const { rows, columns } = matrixSize(features, "features");
  const { data } = features;
  const mean = new Float64Array(columns);
  await eachRow(rows, columns, signal, (start) => {
    for (let column = 0; column < columns; column++) {
      const value = data[start + column]!;
      if (!Number.isFinite(value)) throw notFinite(features, start + column, "features");
      mean[column]! += value;
    }
  });
  divide(mean, rows);
  const deviation = new Float64Array(columns);
  await eachRow(rows, columns, signal, (start) => {
    for (let column = 0; column < columns; column++) {
      deviation[column]! += (data[start + column]! - mean[column]!) ** 2;
    }
  });
  divide(deviation, rows);
  return { mean, deviation: deviation.map((variance) => Math.max(DEVIATION_FLOOR, Math.sqrt(variance))) };
}

/** (features − mean) / deviation as a new float64 array. */
export async function standardise(
  features: Matrix,
  { mean, deviation }: Moments,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const { rows, columns } = matrixSize(features, "features");
  const { data } = features;
  const out = new Float64Array(rows * columns);
  await eachRow(rows, columns, signal, (start) => {
    for (let column = 0; column < columns; column++) {
      out[start + column] = (data[start + column]! - mean[column]!) / deviation[column]!;
    }
  });
  return out;
}

async function eachRow(
  rows: number,
  columns: number,
  signal: AbortSignal | undefined,
  visit: (start: number) => void,
): Promise<void> {
  const rowsPerTurn = Math.max(1, Math.floor(VALUES_PER_TURN / columns));
  for (let row = 0; row < rows; row++) {
    if (row % rowsPerTurn === 0) {
      await setImmediate();
      throwIfAborted(signal);
    }
    visit(row * columns);
  }
}

function divide(vector: Float64Array, by: number): void {
  for (let i = 0; i < vector.length; i++) vector[i]! /= by;
}
