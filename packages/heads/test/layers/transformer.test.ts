import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createTransformer } from "../../src/index.js";
import { createTransformerBlock } from "../../src/layers/transformer-block.js";
import { difference, waves } from "../examples.js";

beforeAll(() => start("cpu"));

const size = { width: 6, heads: 2, mlpRatio: 2, seed: 3 };
const tokens = () => tf.tensor3d(waves(2 * 5 * 6), [2, 5, 6]);

test("a block asked for its first token gives what it gives for all", () => {
  const block = createTransformerBlock("block", size);
  const [all, first] = [block.forward(tokens(), 5), block.forward(tokens(), 1)];
  const wanted = tf.slice(all.tokens, [0, 0, 0], [-1, 1, -1]);
  expect(first.tokens.shape).toEqual([2, 1, 6]);
  expect(difference(first.tokens.dataSync(), wanted.dataSync())).toBeLessThan(1e-6);
  const row = tf.slice(all.weights, [0, 0, 0, 0], [-1, -1, 1, -1]);
  expect(difference(first.weights.dataSync(), row.dataSync())).toBeLessThan(1e-6);
});

test("parameters have PyTorch's names and initial distributions, timm's for the CLS token", () => {
  const { variables, buffers } = createTransformer("fusion", { ...size, width: 512, layers: 1 });
  expect([...variables.keys()]).toEqual([
    "fusion.cls_token",
    "fusion.layers.1.norm1.weight",
    "fusion.layers.1.norm1.bias",
    "fusion.layers.1.attn.qkv.weight",
    "fusion.layers.1.attn.proj.weight",
    "fusion.layers.1.attn.proj.bias",
    "fusion.layers.1.norm2.weight",
    "fusion.layers.1.norm2.bias",
    "fusion.layers.1.mlp.fc1.weight",
    "fusion.layers.1.mlp.fc1.bias",
    "fusion.layers.1.mlp.fc2.weight",
    "fusion.layers.1.mlp.fc2.bias",
  ]);
  expect(buffers!.size).toBe(0);
  const deviation = (name: string) => {
    const values = Float32Array.from(variables.get(name)!.dataSync());
    return Math.sqrt(values.reduce((sum, each) => sum + each * each, 0) / values.length);
  };
  expect(deviation("fusion.cls_token") / 0.02).toBeCloseTo(1, 1);
  expect(deviation("fusion.layers.1.attn.qkv.weight") * Math.sqrt(3 * 512)).toBeCloseTo(1, 2);
  expect(deviation("fusion.layers.1.mlp.fc2.weight") * Math.sqrt(3 * 1024)).toBeCloseTo(1, 2);
  expect(
    variables
      .get("fusion.layers.1.norm1.weight")!
      .dataSync()
      .every((each) => each === 1),
  ).toBe(true);
  expect(
    variables
      .get("fusion.layers.1.norm1.bias")!
      .dataSync()
      .every((each) => each === 0),
  ).toBe(true);
});

describe("attention", () => {
  const transformer = () => createTransformer("fusion", { ...size, layers: 3 });

  test("has a row per block and head, and leaves out the CLS token's own share", () => {
    const weights = transformer().attention(tokens());
    expect(weights.shape).toEqual([2, 3, 2, 5]);
    const sums = tf.sum(weights, 3).dataSync();
    expect(sums.every((sum) => sum > 0.5 && sum < 1)).toBe(true);
  });

  test("follows the tokens wherever they stand, and the output does not care", () => {
    const order = tf.tensor1d([3, 0, 4, 1, 2], "int32");
    const fusion = transformer();
    const moved = tf.gather(tokens(), order, 1);
    const expected = tf.gather(fusion.attention(tokens()), order, 3);
    expect(difference(fusion.attention(moved).dataSync(), expected.dataSync())).toBeLessThan(1e-5);
    expect(difference(fusion.forward(moved).dataSync(), fusion.forward(tokens()).dataSync())).toBeLessThan(
      1e-5,
    );
  });
});
