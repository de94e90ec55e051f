import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createBatchNorm, createLayerNorm } from "../../src/index.js";
import { difference, waves } from "../examples.js";

beforeAll(() => start("cpu"));

/** Plain operations, which TensorFlow.js differentiates by itself. */
function plainly(x: tf.Tensor, axes: number[]): tf.Tensor {
  const { mean, variance } = tf.moments(x, axes, true);
  return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
}

describe("layer norm", () => {
  test.each([1, 1e-3, 1e3])("of numbers around %d is standardised over the last axis", (scale) => {
    const x = tf.mul(tf.tensor3d(waves(24), [2, 3, 4]), scale) as tf.Tensor3D;
    const dy = tf.tensor3d(waves(24, 5), [2, 3, 4]);
    const norm = createLayerNorm("norm", 4);
    expect(difference(norm.forward(x).dataSync(), plainly(x, [2]).dataSync())).toBeLessThan(1e-5);
    const [found, expected] = [
      tf.grad((input) => norm.forward(input as tf.Tensor3D))(x, dy),
      tf.grad((input) => plainly(input, [2]))(x, dy),
    ];
    expect(difference(found.dataSync(), expected.dataSync())).toBeLessThan(1e-4);
  });

  test("of equal numbers is its bias, and has a finite gradient", () => {
    const norm = createLayerNorm("norm", 4);
    norm.variables.get("norm.bias")!.assign(tf.tensor1d([1, 2, 3, 4]));
    const x = tf.fill([1, 4], 7) as tf.Tensor2D;
    expect(Array.from(norm.forward(x).dataSync())).toEqual([1, 2, 3, 4]);
    const gradient = tf.grad((input) => norm.forward(input as tf.Tensor2D))(x);
    expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
  });
});

describe.each([
  ["channels first", [2, 3, 4, 5], 1],
  ["channels last", [2, 4, 5, 3], 3],
] as const)("batch norm, %s", (_, shape, channelAxis) => {
  const axes = [0, 1, 2, 3].filter((axis) => axis !== channelAxis);
  const x = () => tf.mul(tf.tensor(waves(120), [...shape]), 3) as tf.Tensor4D;
  const create = () => createBatchNorm("norm", { channels: 3, channelAxis });
  const bufferOf = (norm: ReturnType<typeof create>, name: string) =>
    norm.buffers!.get(`norm.${name}`)!.dataSync();

  test("in training takes the batch's statistics, with their gradient", () => {
    const norm = create();
    const found = norm.forward(x(), { training: true });
    expect(difference(found.dataSync(), plainly(x(), axes).dataSync())).toBeLessThan(1e-5);
    const dy = tf.tensor(waves(120, 5), [...shape]);
    const [gradient, expected] = [
      tf.grad((input) => norm.forward(input as tf.Tensor4D, { training: true }))(x(), dy),
      tf.grad((input) => plainly(input, axes))(x(), dy),
    ];
    expect(difference(gradient.dataSync(), expected.dataSync())).toBeLessThan(1e-5);
  });

  test("moves its buffers by a tenth, the variance unbiased", () => {
    const norm = create();
    norm.forward(x(), { training: true });
    const { mean, variance } = tf.moments(x(), axes);
    const unbiased = Array.from(variance.dataSync(), (each) => (each * 40) / 39);
    const meanAfter = Array.from(mean.dataSync(), (each) => 0.1 * each);
    const varianceAfter = unbiased.map((each) => 0.9 + 0.1 * each);
    expect(difference(bufferOf(norm, "running_mean"), meanAfter)).toBeLessThan(1e-5);
    expect(difference(bufferOf(norm, "running_var"), varianceAfter)).toBeLessThan(1e-5);
    norm.forward(x(), { training: true });
    expect(Array.from(bufferOf(norm, "num_batches_tracked"))).toEqual([2]);
  });

  test("in evaluation takes its buffers and leaves them", () => {
    const norm = create();
    norm.buffers!.get("norm.running_mean")!.assign(tf.tensor1d([1, 2, 3]));
    norm.buffers!.get("norm.running_var")!.assign(tf.tensor1d([4, 9, 16]));
    const aligned = [1, 1, 1, 1];
    aligned[channelAxis] = 3;
    const expected = tf.div(
      tf.sub(x(), tf.tensor([1, 2, 3], aligned)),
      tf.sqrt(tf.tensor([4.00001, 9.00001, 16.00001], aligned)),
    );
    const found = norm.forward(x(), { training: false });
    expect(difference(found.dataSync(), expected.dataSync())).toBeLessThan(1e-6);
    expect(Array.from(bufferOf(norm, "running_mean"))).toEqual([1, 2, 3]);
    expect(Array.from(bufferOf(norm, "num_batches_tracked"))).toEqual([0]);
  });

  test("refuses to train on one value per channel", () => {
    const single = channelAxis === 1 ? tf.zeros([1, 3, 1, 1]) : tf.zeros([1, 1, 1, 3]);
    expect(() => create().forward(single, { training: true })).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: expect.stringMatching(/one value per channel/),
      }),
    );
  });
});
