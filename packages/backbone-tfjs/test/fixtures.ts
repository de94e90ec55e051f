/** The reference tensors beside the repository, where they are. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openWeights } from "@difftap/checkpoint";
import { type NdArray, toFloat32 } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";

const beside = fileURLToPath(new URL("../../../../shared/fixtures", import.meta.url));
const fixtures = process.env.DIFFTAP_FIXTURES ?? beside;

/** For titles: says why tests are skipped. */
export function noteIfMissing(folder: string): string {
  return existsSync(`${fixtures}/${folder}`) ? "" : ` (skipped: ${fixtures}/${folder} is missing)`;
}

export async function readTensors(file: string): Promise<Map<string, NdArray>> {
  const source = await openWeights(`${fixtures}/${file}`);
  const entries: [string, NdArray][] = [];
  for (const name of source.tensors.keys()) entries.push([name, await source.read(name)]);
  await source.close();
  return new Map(entries);
}

export function readJson(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(`${fixtures}/${file}`, "utf8")) as Record<string, unknown>;
}

export function values(array: NdArray): Float32Array {
  return array.dtype === "int64" || array.dtype === "int32"
    ? Float32Array.from(array.data as Int32Array, Number)
    : toFloat32(array);
}

export function tensorOf(array: NdArray): tf.Tensor {
  return tf.tensor(values(array), [...array.shape]);
}

/** Largest difference over the expected tensor's standard deviation. */
export function relativeError(actual: ArrayLike<number>, expected: Float32Array): number {
  const mean = expected.reduce((sum, each) => sum + each, 0) / expected.length;
  const variance = expected.reduce((sum, each) => sum + (each - mean) ** 2, 0) / expected.length;
  return largestDifference(actual, expected) / Math.sqrt(variance);
}

/** Largest difference over the expected tensor's largest value. */
export function errorOverLargest(actual: ArrayLike<number>, expected: Float32Array): number {
  const largest = expected.reduce((found, each) => Math.max(found, Math.abs(each)), 0);
  return largestDifference(actual, expected) / largest;
}

function largestDifference(actual: ArrayLike<number>, expected: Float32Array): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  // Written so that a value that is no number counts as infinitely far.
  return expected.reduce((found, each, i) => {
    const difference = Math.abs(each - actual[i]!);
    return difference <= found ? found : Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }, 0);
}
