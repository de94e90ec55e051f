import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { gelu } from "../../src/index.js";

beforeAll(() => start("cpu"));

/** Φ(x) by its series, x·φ-weighted: exact to float64 for |x| ≤ 6. */
function distribution(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (x * x) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

const places = Array.from({ length: 81 }, (_, i) => (i - 40) / 10);

test("is x·Φ(x), exactly, not the tanh approximation", () => {
  const found = gelu(tf.tensor1d(places)).dataSync();
  places.forEach((x, i) => {
    expect(Math.abs(found[i]! - x * distribution(x))).toBeLessThan(2e-6);
  });
});

test("its gradient is Φ(x) + x·φ(x), also far out", () => {
  const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const found = tf
    .grad((x) => gelu(x))(tf.tensor1d(places))
    .dataSync();
  places.forEach((x, i) => {
    expect(Math.abs(found[i]! - (distribution(x) + x * density(x)))).toBeLessThan(2e-6);
  });
  expect(
    Array.from(
      tf
        .grad((x) => gelu(x))(tf.tensor1d([-1e3, 1e3]))
        .dataSync(),
    ),
  ).toEqual([0, 1]);
});
