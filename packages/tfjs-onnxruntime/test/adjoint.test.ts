import { beforeEach, expect, test } from "vitest";
import { filledTensor, start, tf } from "./support.js";

type Map4 = tf.Tensor4D;

beforeEach(async () => {
  await start();
});

/** Linear operations whose gradients TensorFlow.js's plain backend does not give rightly: ⟨A v, c⟩ = ⟨v, Aᵀ c⟩ needs no reference. */
const linear: Readonly<Record<string, (x: Map4) => tf.Tensor>> = {
  "means of overlapping windows that reach over the border": (x) => tf.avgPool(x, 3, 2, "same"),
  "means of side-by-side windows that reach over the border": (x) => tf.avgPool(x, 2, 2, "same"),
  "means with rounded sides": (x) => tf.avgPool(x, 3, 2, 1, "ceil"),
  "bilinear resizing with half-pixel centres": (x) => tf.image.resizeBilinear(x, [5, 17], false, true),
  "nearest resizing with half-pixel centres": (x) => tf.image.resizeNearestNeighbor(x, [5, 17], false, true),
  "bilinear resizing of another aspect": (x) => tf.image.resizeBilinear(x, [13, 4], true),
};

test.each(Object.keys(linear))("the gradient belongs to the operation: %s", async (name) => {
  const operation = linear[name]!;
  const [forward, back] = tf.tidy(() => {
    const v = filledTensor([2, 7, 9, 3], 1) as Map4;
    const y = operation(v);
    const c = filledTensor(y.shape, 2);
    const gradient = tf.grad((x) => tf.sum(tf.mul(operation(x as Map4), c)))(v);
    return [tf.sum(tf.mul(y, c)), tf.sum(tf.mul(v, gradient))];
  });
  expect((await back!.data())[0]).toBeCloseTo((await forward!.data())[0]!, 3);
  tf.dispose([forward!, back!]);
});
