/** Backends to compare, and how. */
import "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { normals } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { type OnnxRuntimeBackend, onnxRuntimeBackend, registerOnnxRuntimeBackend } from "../dist/index.js";

export { tf };

registerOnnxRuntimeBackend();

/** The backend under test, made current. */
export async function start(): Promise<OnnxRuntimeBackend> {
  await tf.setBackend("onnxruntime");
  return onnxRuntimeBackend()!;
}

/** The same numbers on every backend: normal, times the scale. */
export function filledTensor(shape: number[], seed: number, scale = 1): tf.Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  return tf.tensor(
    normals({ seed, stream: 0 }, size).map((each) => each * scale),
    shape,
  );
}

interface Computed {
  readonly shape: number[];
  readonly dtype: string;
  readonly values: number[];
}

/** What a program gives on a backend. */
async function computeOn(backend: string, program: () => tf.Tensor | tf.Tensor[]): Promise<Computed[]> {
  await tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const results = tf.tidy(() => [program()].flat());
  const read = results.map(async (tensor) => ({
    shape: tensor.shape,
    dtype: tensor.dtype,
    values: Array.from(await tensor.data()),
  }));
  const computed = await Promise.all(read);
  tf.dispose(results);
  expect(tf.memory().numTensors, "tensors left behind").toBe(before);
  return computed;
}

/** The largest difference over the largest magnitude, or over 1 where all is smaller; infinite where one is not finite and the other is not the same. */
function relativeError(actual: readonly number[], expected: readonly number[]): number {
  const scale = Math.max(...expected.filter(Number.isFinite).map(Math.abs), 1);
  return Math.max(
    0,
    ...actual.map((value, i) => {
      const wanted = expected[i]!;
      if (Object.is(value, wanted) || value === wanted) return 0;
      return Number.isFinite(value) && Number.isFinite(wanted)
        ? Math.abs(value - wanted) / scale
        : Number.POSITIVE_INFINITY;
    }),
  );
}

/** A program gives the same on this backend as on TensorFlow.js's plain one. */
export async function expectSame(program: () => tf.Tensor | tf.Tensor[], tolerance = 1e-5): Promise<void> {
  const actual = await computeOn("onnxruntime", program);
  const expected = await computeOn("cpu", program);
  expect(actual.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(
    expected.map(({ shape, dtype }) => ({ shape, dtype })),
  );
  actual.forEach(({ values }, i) => {
    expect(
      relativeError(values, expected[i]!.values),
      `result ${i}: ${values.slice(0, 8)}`,
    ).toBeLessThanOrEqual(tolerance);
  });
}
