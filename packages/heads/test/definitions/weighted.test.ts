import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { createHead, type HeadTap } from "../../src/index.js";
import { difference, featuresFor, mapsFor, tapOf } from "../examples.js";

beforeAll(() => start("cpu"));

const taps = [
  tapOf({ timestep: 90 }),
  tapOf({ timestep: 300 }),
  tapOf({ timestep: "clean", block: 4, channels: 5, height: 2, width: 8 }),
];
const create = (given: readonly HeadTap[] = taps, spec: object = {}) =>
  createHead({ head: "weighted", spec: { width: 4, ...spec }, taps: given, classes: 3, seed: 1 });

test("pools all maps to cells that every one has, and projects each block once", () => {
  const shapes = [...create(taps, { pool: 3 }).variables].map(([name, { shape }]) => [name, shape]);
  expect(Object.fromEntries(shapes)).toEqual({
    "pre_layer.9.1.weight": [3, 2, 3],
    "pre_layer.9.1.bias": [3, 2, 3],
    "pre_layer.9.2.weight": [4, 3, 1, 1],
    "pre_layer.9.2.bias": [4],
    "pre_layer.4.1.weight": [5, 2, 3],
    "pre_layer.4.1.bias": [5, 2, 3],
    "pre_layer.4.2.weight": [4, 5, 1, 1],
    "pre_layer.4.2.bias": [4],
    mixing_weights: [3],
    "head.weight": [3, 24],
    "head.bias": [3],
  });
});

test("begins with equal weights and tells them by tap", async () => {
  const head = create();
  const weights = await head.tapWeights!();
  expect(Object.keys(weights)).toEqual(["t90/b09", "t300/b09", "tclean/b04"]);
  for (const weight of Object.values(weights)) expect(weight).toBeCloseTo(1 / 3, 6);
  head.variables.get("mixing_weights")!.assign(tf.tensor1d([Math.log(6), Math.log(3), 0]));
  const changed = Object.values(await head.tapWeights!());
  expect(difference(changed, [0.6, 0.3, 0.1])).toBeLessThan(1e-6);
});

test("adds the taps' maps by those weights", () => {
  const features = featuresFor(taps);
  const head = create();
  const logitsWith = (weights: readonly number[]) => {
    head.variables.get("mixing_weights")!.assign(tf.tensor1d(weights.map((each) => Math.log(each))));
    return Array.from(head.forward(features, { training: false }).dataSync());
  };
  const [first, second, third] = [
    [1, 1e-30, 1e-30],
    [1e-30, 1, 1e-30],
    [1e-30, 1e-30, 1],
  ].map(logitsWith);
  const expected = first!.map((each, i) => 0.5 * each + 0.3 * second![i]! + 0.2 * third![i]!);
  expect(difference(logitsWith([0.5, 0.3, 0.2]), expected)).toBeLessThan(1e-5);
  expect(difference(first!, second!)).toBeGreaterThan(1e-2);
});

test("learns which tap tells the classes apart", async () => {
  const classes = [0, 1, 2, 0, 1, 2, 0, 1];
  const labels = tf.oneHot(tf.tensor1d(classes, "int32"), 3);
  /** The channel of the class is bright; the other taps hold noise, new at every step. */
  const telling = tf.tensor4d(
    classes.flatMap((label) => Array.from({ length: 36 }, (_, i) => (Math.floor(i / 12) === label ? 1 : 0))),
    [8, 3, 4, 3],
  );
  const head = create();
  const variables = [...head.variables.values()];
  for (let step = 1; step <= 60; step++) {
    tf.tidy(() => {
      const noise = taps.map((tap, index) => [tap.name, mapsFor(tap, 8, step + 0.3 * index)] as const);
      const features = { ...Object.fromEntries(noise), [taps[1]!.name]: telling };
      const loss = () =>
        tf.losses.softmaxCrossEntropy(labels, head.forward(features, { training: true })) as tf.Scalar;
      const { grads } = tf.variableGrads(loss, variables);
      for (const variable of variables) variable.assign(tf.sub(variable, tf.mul(grads[variable.name]!, 0.3)));
    });
  }
  const weights = Object.values(await head.tapWeights!());
  expect(weights[1]).toBeGreaterThan(2 * Math.max(weights[0]!, weights[2]!));
});

test.each([
  ["one tap", taps.slice(0, 1), /two or more different taps, given: t90\/b09/],
  ["the same tap twice", [taps[0]!, taps[0]!], /two or more different taps/],
  ["maps of one block that differ", [taps[0]!, { ...taps[1]!, channels: 4 }], /whose maps differ/],
])("refuses %s", (_, given, message) => {
  expect(() => create(given)).toThrow(
    expect.objectContaining({ code: "REQUEST_INVALID", message: expect.stringMatching(message) }),
  );
});
