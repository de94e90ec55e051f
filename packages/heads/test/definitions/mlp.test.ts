import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { createHead } from "../../src/index.js";
import { difference, featuresFor, tapOf } from "../examples.js";

beforeAll(() => start("cpu"));

const tap = tapOf();

test("is flatten, then linear layers with ReLU between, in the order given", () => {
  const spec = { pool: 9, hidden: [5, 4] };
  const head = createHead({ head: "mlp", spec, taps: [tap], classes: 3, seed: 1 });
  const shapes = [...head.variables].map(([name, { shape }]) => [name, shape]);
  expect(Object.fromEntries(shapes)).toEqual({
    "fcs.0.weight": [5, 36],
    "fcs.0.bias": [5],
    "fcs.1.weight": [4, 5],
    "fcs.1.bias": [4],
    "fcs.2.weight": [3, 4],
    "fcs.2.bias": [3],
  });
  const features = featuresFor([tap]);
  let rows = tf.reshape(features[tap.name]!, [2, 36]).arraySync() as number[][];
  for (const layer of [0, 1, 2]) {
    const weight = head.variables.get(`fcs.${layer}.weight`)!.arraySync() as number[][];
    const bias = head.variables.get(`fcs.${layer}.bias`)!.arraySync() as number[];
    rows = rows.map((row) =>
      weight.map((each, unit) => {
        const sum = each.reduce((total, factor, i) => total + factor * row[i]!, bias[unit]!);
        return layer < 2 ? Math.max(0, sum) : sum;
      }),
    );
  }
  const found = head.forward(features, { training: true }).dataSync();
  expect(difference(found, rows.flat())).toBeLessThan(1e-5);
});

test.each([
  ["no hidden layer", { hidden: [] }, /hidden/],
  ["half a unit", { hidden: [1.5] }, /hidden\.0/],
])("refuses %s", (_, spec, message) => {
  const create = () => createHead({ head: "mlp", spec, taps: [tap], classes: 3, seed: 1 });
  expect(create).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(message) }),
  );
});
