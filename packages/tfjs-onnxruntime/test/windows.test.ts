import { describe, test } from "vitest";
import { expectSame, filledTensor, tf } from "./support.js";

type Map4 = tf.Tensor4D;
type Pad = "same" | "valid" | number | [[0, 0], [number, number], [number, number], [0, 0]];

const uneven: Pad = [
  [0, 0],
  [0, 1],
  [2, 0],
  [0, 0],
];

/** A few kernels with stride, padding and the numbers of channels that take different forms. */
const convolutions: readonly [input: number[], filter: number[], strides: number, pad: Pad][] = [
  [[2, 7, 9, 3], [3, 3, 3, 4], 1, "same"],
  [[2, 8, 8, 3], [3, 3, 3, 4], 2, "same"],
  [[1, 8, 8, 4], [3, 3, 4, 2], 3, "valid"],
  [[2, 6, 5, 70], [3, 2, 70, 6], 1, 1],
  [[1, 6, 6, 64], [2, 2, 64, 3], 2, uneven],
  [[2, 5, 5, 6], [1, 1, 6, 7], 1, "valid"],
  [[2, 5, 5, 6], [1, 1, 6, 7], 2, "same"],
  // Fewer outputs than inputs, few and many channels.
  [[2, 7, 6, 9], [3, 2, 9, 4], 1, "same"],
  [[1, 6, 7, 10], [3, 3, 10, 5], 1, uneven],
  [[2, 5, 6, 96], [3, 3, 96, 64], 1, "valid"],
  // Whole blocks of channels, whatever the processor's block.
  [[2, 7, 9, 64], [3, 3, 64, 128], 1, "same"],
  [[1, 8, 6, 128], [3, 2, 128, 64], 1, "valid"],
  [[2, 9, 8, 64], [3, 3, 64, 64], 2, "valid"],
  [[1, 6, 6, 64], [5, 5, 64, 64], 1, 2],
  [[1, 6, 6, 64], [2, 2, 64, 64], 2, uneven],
];

describe("convolutions", () => {
  test.each(convolutions)(
    "%j * %j, strides %j, pad %j, and both gradients",
    async (input, filter, strides, pad) => {
      await expectSame(() => {
        const x = filledTensor(input, 1) as Map4;
        const w = filledTensor(filter, 2) as Map4;
        const forward = (a: tf.Tensor, b: tf.Tensor) => tf.conv2d(a as Map4, b as Map4, strides, pad);
        const squared = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.square(forward(a, b)));
        return [forward(x, w), ...tf.grads(squared)([x, w])];
      });
    },
  );

  test("channels first, dilated", async () => {
    await expectSame(() => {
      const x = filledTensor([2, 3, 8, 7], 1) as Map4;
      const w = filledTensor([3, 2, 3, 4], 2) as Map4;
      return [tf.conv2d(x, w, 2, "same", "NCHW"), tf.conv2d(x, w, 1, "valid", "NCHW", [2, 1])];
    });
  });

  test("whole blocks of channels: channels first, dilated, with a bias and an activation", async () => {
    await expectSame(() => {
      const x = filledTensor([2, 64, 8, 7], 1) as Map4;
      const w = filledTensor([3, 2, 64, 64], 2) as Map4;
      const last = filledTensor([2, 8, 7, 64], 3) as Map4;
      const bias = filledTensor([64], 4) as tf.Tensor1D;
      const fused = tf.fused.conv2d({
        x: last,
        filter: w,
        strides: 1,
        pad: "same",
        bias,
        activation: "relu",
      });
      return [tf.conv2d(x, w, 2, "same", "NCHW"), tf.conv2d(x, w, 1, "valid", "NCHW", [2, 1]), fused];
    });
  });

  test("a transposed convolution of more than its windows see", async () => {
    await expectSame(() => {
      const x = filledTensor([1, 8, 8, 64], 1) as Map4;
      const w = filledTensor([8, 8, 64, 64], 2) as Map4;
      return [tf.conv2dTranspose(x, w, [1, 4, 4, 64], 1, "same")];
    });
  });

  test("strides that a number as pad does not reckon with", async () => {
    await expectSame(() => {
      const x = filledTensor([1, 9, 9, 2], 1) as Map4;
      const w = filledTensor([4, 4, 2, 3], 2) as Map4;
      const squared = (a: tf.Tensor, b: tf.Tensor) =>
        tf.sum(tf.square(tf.conv2d(a as Map4, b as Map4, [2, 1], 1)));
      return [tf.conv2d(x, w, [2, 1], 1), ...tf.grads(squared)([x, w])];
    });
  });

  test("a chain in a network with its gradients", async () => {
    await expectSame(() => {
      const x = filledTensor([2, 8, 8, 3], 1);
      const [w, v] = [filledTensor([3, 3, 3, 5], 2), filledTensor([3, 3, 5, 4], 3)];
      const network = (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) => {
        const inner = tf.relu(tf.conv2d(a as Map4, b as Map4, 1, "same"));
        return tf.sum(tf.square(tf.maxPool(tf.conv2d(inner, c as Map4, 1, "same"), 2, 2, "same")));
      };
      return tf.grads(network)([x, w, v]);
    });
  });

  test.each(["linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu", "prelu"] as const)(
    "fused with %s",
    async (activation) => {
      await expectSame(() => {
        const given = {
          x: filledTensor([2, 5, 6, 3], 1, 4) as Map4,
          filter: filledTensor([3, 3, 3, 4], 2) as Map4,
          strides: 1,
          pad: "same" as const,
          bias: filledTensor([4], 3),
          activation,
          leakyreluAlpha: 0.3,
        };
        const slopes = { preluActivationWeights: filledTensor([4], 4) };
        return tf.fused.conv2d(activation === "prelu" ? { ...given, ...slopes } : given);
      });
    },
  );

  test.each([1, 2])("three axes, strides %j", async (strides) => {
    await expectSame(() => {
      const x = filledTensor([1, 5, 6, 7, 3], 1);
      const w = filledTensor([3, 2, 3, 3, 4], 2);
      const forward = (a: tf.Tensor, b: tf.Tensor) =>
        tf.conv3d(a as tf.Tensor5D, b as tf.Tensor5D, strides, "same");
      const squared = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.square(forward(a, b)));
      return [forward(x, w), ...tf.grads(squared)([x, w])];
    });
  });

  test.each([
    [1, "same"],
    [2, "valid"],
  ] as const)("of each channel by itself, strides %j, %s", async (strides, pad) => {
    await expectSame(() => {
      const x = filledTensor([2, 7, 6, 3], 1) as Map4;
      const w = filledTensor([3, 2, 3, 2], 2) as Map4;
      const forward = (a: tf.Tensor, b: tf.Tensor) => tf.depthwiseConv2d(a as Map4, b as Map4, strides, pad);
      const squared = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.square(forward(a, b)));
      return [forward(x, w), ...tf.grads(squared)([x, w])];
    });
  });
});

describe("pools", () => {
  test.each([
    [2, 2, "same"],
    [3, 2, "same"],
    [3, 1, "valid"],
    [2, 3, 1],
  ] as const)("window %j, strides %j, %s", async (window, strides, pad) => {
    await expectSame(() => {
      const x = filledTensor([2, 7, 9, 3], 1) as Map4;
      const squared = (a: tf.Tensor) => tf.sum(tf.square(tf.maxPool(a as Map4, window, strides, pad)));
      return [tf.maxPool(x, window, strides, pad), tf.avgPool(x, window, strides, pad), tf.grad(squared)(x)];
    });
  });

  test("of several largest values the first gets the gradient", async () => {
    await expectSame(() => {
      const x = tf.round(filledTensor([1, 8, 8, 2], 1)) as Map4;
      return tf.grad((a) => tf.sum(tf.maxPool(a as Map4, 3, 2, "same")))(x);
    });
  });

  test("places of the largest values", async () => {
    await expectSame(() => {
      const x = filledTensor([2, 7, 6, 3], 1) as Map4;
      const { result, indexes } = tf.maxPoolWithArgmax(x, 3, 2, "same", true);
      return [result as tf.Tensor, indexes as tf.Tensor];
    });
  });

  test("means: gradients of side-by-side and of overlapping windows", async () => {
    await expectSame(() => {
      const x = filledTensor([2, 7, 8, 3], 1);
      const back = (window: number, strides: number) =>
        tf.grad((a) => tf.sum(tf.square(tf.avgPool(a as Map4, window, strides, "valid"))))(x);
      return [back(2, 2), back(3, 2), back(3, 1)];
    });
  });
});
