import { describe, test } from "vitest";
import { expectSame, filledTensor, tf } from "./support.js";

type Map4 = tf.Tensor4D;
type Size = [number, number];

describe("norms", () => {
  test("by means far from zero", async () => {
    await expectSame(() => {
      const x = tf.add(filledTensor([2, 4, 5, 3], 1), 1000) as Map4;
      const variance = tf.add(tf.abs(filledTensor([3], 2)), 0.1) as tf.Tensor1D;
      const [offset, scale] = [filledTensor([3], 3), filledTensor([3], 4)] as tf.Tensor1D[];
      return tf.batchNorm(x, tf.tensor1d([1000, 999, 1001]), variance, offset, scale);
    });
  });

  test.each([
    [3, 5],
    [8, 2],
    [4, 0],
  ])("%j channels by their neighbours up to %j away", async (channels, radius) => {
    await expectSame(() => {
      const x = filledTensor([2, 3, 4, channels], 1, 3);
      const norm = (a: tf.Tensor) => tf.localResponseNormalization(a as Map4, radius, 0.5, 0.3, 0.75);
      return [norm(x), tf.grad((a) => tf.sum(tf.square(norm(a))))(x)];
    });
  });
});

describe("resizing", () => {
  test.each<[Size, Size, boolean, boolean]>([
    [[4, 4], [8, 8], false, false],
    [[5, 7], [9, 4], false, true],
    [[6, 6], [3, 3], true, false],
    [[1, 1], [4, 4], true, false],
    [[7, 7], [13, 29], false, true],
  ])("%j to %j, corners aligned %j, half-pixel centres %j", async (from, to, corners, centres) => {
    await expectSame(() => {
      const x = filledTensor([2, ...from, 3], 1) as Map4;
      return [
        tf.image.resizeBilinear(x, to, corners, centres),
        tf.image.resizeNearestNeighbor(x, to, corners, centres),
      ];
    });
  });

  test.each([true, false])("gradients, corners aligned %j", async (corners) => {
    await expectSame(() => {
      const x = filledTensor([1, 5, 5, 3], 1);
      const bilinear = (a: tf.Tensor) =>
        tf.sum(tf.square(tf.image.resizeBilinear(a as Map4, [8, 9], corners)));
      const nearest = (a: tf.Tensor) =>
        tf.sum(tf.square(tf.image.resizeNearestNeighbor(a as Map4, [8, 9], corners)));
      return [tf.grad(bilinear)(x), tf.grad(nearest)(x)];
    });
  });
});

describe("images", () => {
  test("flipped and turned", async () => {
    await expectSame(() => {
      const x = filledTensor([2, 5, 7, 4], 1) as Map4;
      return [tf.image.flipLeftRight(x), tf.image.rotateWithOffset(x, 0.7, [1, 2, 3], [0.2, 0.7])];
    });
  });

  test.each(["bilinear", "nearest"] as const)("crops, %s", async (method) => {
    await expectSame(() => {
      const x = filledTensor([2, 6, 5, 3], 1) as Map4;
      const boxes = tf.tensor2d([
        [0, 0, 1, 1],
        [-0.3, 0.5, 1.2, 0.6],
        [0.9, 0.9, 0.1, 0.1],
      ]);
      const samples = tf.tensor1d([0, 1, 0], "int32");
      return tf.image.cropAndResize(x, boxes, samples, [4, 3], method, -2);
    });
  });

  test.each(["constant", "reflect", "wrap", "nearest"] as const)(
    "transformed, filled by %s",
    async (mode) => {
      await expectSame(() => {
        const x = filledTensor([1, 5, 6, 2], 1) as Map4;
        const matrix = tf.tensor2d([[1.3, 0.4, -3, -0.2, 0.8, 2, 0.02, -0.01]]);
        return [
          tf.image.transform(x, matrix, "bilinear", mode, 1.5),
          tf.image.transform(x, matrix, "nearest", mode, 1.5),
        ];
      });
    },
  );

  test("dilated, with gradients", async () => {
    await expectSame(() => {
      const [x, w] = [filledTensor([2, 7, 6, 3], 1), filledTensor([2, 3, 3], 2)];
      const forward = (a: tf.Tensor, b: tf.Tensor) =>
        tf.dilation2d(a as Map4, b as tf.Tensor3D, 1, "same", 2);
      const squared = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.square(forward(a, b)));
      return [forward(x, w), ...tf.grads(squared)([x, w])];
    });
  });

  test("blocks and mirrored margins", async () => {
    await expectSame(() => [
      tf.depthToSpace(filledTensor([2, 3, 4, 8], 1) as Map4, 2),
      tf.spaceToBatchND(
        filledTensor([2, 4, 6, 3], 2),
        [2, 2],
        [
          [0, 0],
          [1, 1],
        ],
      ),
      tf.batchToSpaceND(
        filledTensor([8, 2, 3, 2], 3),
        [2, 2],
        [
          [0, 1],
          [1, 0],
        ],
      ),
      tf.mirrorPad(
        filledTensor([4, 5], 4),
        [
          [2, 1],
          [0, 3],
        ],
        "reflect",
      ),
      tf.mirrorPad(
        filledTensor([4, 5], 4),
        [
          [2, 1],
          [0, 3],
        ],
        "symmetric",
      ),
    ]);
  });

  test("boxes that overlap are suppressed", async () => {
    await expectSame(() => {
      const corners = Array.from({ length: 10 }, (_, i) => [i * 0.13, i * 0.13, 1 + i * 0.13, 1 + i * 0.13]);
      const boxes = tf.tensor2d(corners);
      const scores = tf.tensor1d(Array.from({ length: 10 }, (_, i) => ((i * 7) % 10) / 10));
      const padded = tf.image.nonMaxSuppressionPadded(boxes, scores, 5, 0.5, 0.1, true);
      const scored = tf.image.nonMaxSuppressionWithScore(boxes, scores, 5, 0.5, 0.1, 0.3);
      return [
        tf.image.nonMaxSuppression(boxes, scores, 5, 0.5, 0.1),
        ...(Object.values(padded) as tf.Tensor[]),
        ...(Object.values(scored) as tf.Tensor[]),
      ];
    });
  });
});

describe("complex numbers", () => {
  test.each([1, 5, 8, 12, 31])("Fourier transforms of length %j", async (length) => {
    await expectSame(() => {
      const x = tf.complex(filledTensor([3, length], 1), filledTensor([3, length], 2));
      const results = [tf.spectral.fft(x), tf.spectral.ifft(x)];
      return [tf.abs(x), ...results.flatMap((each) => [tf.real(each), tf.imag(each)])];
    });
  });

  test("magnitudes whose squares overflow", async () => {
    await expectSame(() => tf.abs(tf.complex(filledTensor([6], 1, 1e30), filledTensor([6], 2, 1e30))));
  });
});
