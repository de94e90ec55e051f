import { describeEngines, start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createGroupNorm } from "../../src/index.js";
import { difference, waves } from "../examples.js";
import { numericGradient } from "../float64.js";

const [batch, height, width, channels] = [2, 3, 2, 6];
const count = batch * height * width * channels;

/** Sample by sample and group by group, in float64. */
function reference(x: ArrayLike<number>, weight: readonly number[], bias: readonly number[], groups: number) {
  const size = channels / groups;
  const result = new Float64Array(count);
  for (let sample = 0; sample < batch; sample++) {
    for (let group = 0; group < groups; group++) {
      const members = Array.from({ length: count }, (_, i) => i).filter(
        (i) => Math.floor(i / (count / batch)) === sample && Math.floor((i % channels) / size) === group,
      );
      const mean = members.reduce((sum, i) => sum + x[i]!, 0) / members.length;
      const variance = members.reduce((sum, i) => sum + (x[i]! - mean) ** 2, 0) / members.length;
      for (const i of members) {
        const c = i % channels;
        result[i] = ((x[i]! - mean) / Math.sqrt(variance + 1e-5)) * weight[c]! + bias[c]!;
      }
    }
  }
  return result;
}

const weight = [1, -2, 0.5, 3, 1.5, -0.25];
const bias = [0, 1, -1, 0.5, 2, -3];

describeEngines("group norm on", () => {
  describe.each([1, 2, 3, 6])("%d groups", (groups) => {
    const create = () => {
      const norm = createGroupNorm("norm", { channels, groups });
      norm.variables.get("norm.weight")!.assign(tf.tensor1d(weight));
      norm.variables.get("norm.bias")!.assign(tf.tensor1d(bias));
      return norm;
    };
    const x = waves(count).map((each) => 3 * each + 1);
    const dy = waves(count, 5);
    const shape: [number, number, number, number] = [batch, height, width, channels];

    test("values are those of float64", async () => {
      const found = await create().forward(tf.tensor4d(x, shape)).data();
      expect(difference(found, reference(x, weight, bias, groups))).toBeLessThan(2e-6);
    });

    test("gradients are those of differences", async () => {
      const norm = create();
      const input = tf.variable(tf.tensor4d(x, shape));
      const { grads } = tf.variableGrads(() => tf.sum(tf.mul(norm.forward(input), tf.tensor4d(dy, shape))));
      const gradientOf = (variable: tf.Variable) => grads[variable.name]!.data();
      const expected = [
        numericGradient((moved) => reference(moved, weight, bias, groups), x, dy),
        numericGradient((moved) => reference(x, Array.from(moved), bias, groups), weight, dy),
        numericGradient((moved) => reference(x, weight, Array.from(moved), groups), bias, dy),
      ];
      const variables = [input, ...norm.variables.values()];
      for (const [index, variable] of variables.entries()) {
        expect(difference(await gradientOf(variable), expected[index]!)).toBeLessThan(1e-5);
      }
    });
  });
});

describe("group norm", () => {
  beforeAll(() => start("cpu"));

  test("refuses groups that do not divide the channels", () => {
    expect(() => createGroupNorm("tower.1", { channels: 48, groups: 32 })).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: "group norm tower.1: 32 groups of 48 channels",
      }),
    );
  });
});
