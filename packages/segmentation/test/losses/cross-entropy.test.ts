import { describeEngines } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { crossEntropy } from "../../src/index.js";
import { pixelTargets } from "../../src/targets.js";
import { difference, numericGradient, tensor4d, waves } from "../examples.js";
import { softmax64 } from "./reference.js";

const [batch, height, width, classes] = [2, 3, 4, 5];
const pixels = batch * height * width;
const values = waves(pixels * classes, 2).map((value) => 4 * value);
/** Labels as uint16 maps ignore them, one class missing. */
const labels = (ignore: number) => Array.from({ length: pixels }, (_, i) => (i % 5 === 3 ? ignore : i % 4));
const weights = [0.5, 2, 1, 3, 7];

function crossEntropy64(
  logits: ArrayLike<number>,
  shown: readonly number[],
  classWeights?: readonly number[],
) {
  let [total, weight] = [0, 0];
  shown.forEach((label, pixel) => {
    if (label >= classes) return;
    const row = Array.from({ length: classes }, (_, k) => logits[pixel * classes + k]!);
    const own = classWeights?.[label] ?? 1;
    total -= own * Math.log(softmax64(row)[label]!);
    weight += own;
  });
  return total / weight;
}

describeEngines("cross-entropy on", () => {
  test.each([
    [255, undefined],
    [65535, undefined],
    [255, weights],
  ])("where %d is ignored, class weights %s: value and gradient", async (ignore, classWeights) => {
    const shown = labels(ignore);
    const loss = (logits: tf.Tensor4D) => {
      const maps = tf.tensor3d(Float32Array.from(shown), [batch, height, width]);
      return crossEntropy(logits, pixelTargets(maps, { classes, ignore }), classWeights);
    };
    const logits = tensor4d(values, [batch, height, width, classes]);
    const expected = crossEntropy64(values, shown, classWeights);
    expect((await loss(logits).data())[0]! / expected).toBeCloseTo(1, 5);
    const gradient = tf.grad((x) => loss(x as tf.Tensor4D))(logits);
    const numeric = numericGradient((x) => crossEntropy64(x, shown, classWeights), values);
    expect(difference(await gradient.data(), numeric)).toBeLessThan(1e-5);
  });

  test("a class whose number is the ignored one does not count", async () => {
    const maps = tf.tensor3d(Float32Array.from(labels(0)), [batch, height, width]);
    const found = crossEntropy(
      tensor4d(values, [batch, height, width, classes]),
      pixelTargets(maps, { classes, ignore: 0 }),
    );
    const others = labels(0).map((label) => (label === 0 ? classes : label));
    expect((await found.data())[0]! / crossEntropy64(values, others)).toBeCloseTo(1, 5);
  });

  test("is 0 where nothing counts, and so is its gradient", async () => {
    const logits = tensor4d(values, [batch, height, width, classes]);
    const loss = (x: tf.Tensor) => {
      const none = pixelTargets(tf.fill([batch, height, width], 255), { classes, ignore: 255 });
      return crossEntropy(x as tf.Tensor4D, none);
    };
    expect((await loss(logits).data())[0]).toBeCloseTo(0);
    expect((await tf.grad(loss)(logits).data()).every((each) => Math.abs(each) === 0)).toBe(true);
  });
});
