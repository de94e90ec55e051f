/** Heads on taps of images of several sizes. */
import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createHead, type Head, type HeadTap, restoreHead, saveHead } from "../src/index.js";
import { difference, featuresFor, tapOf } from "./examples.js";

beforeAll(() => start("cpu"));

const evaluation = { training: false };
const wide = { height: 48, width: 64 };
const own = tapOf();
/** The same place of larger images. */
const at = (tap: HeadTap, size = wide): HeadTap => ({
  ...tap,
  name: `${tap.name}@${size.height}x${size.width}`,
  height: 5,
  width: 7,
  size,
});
const both = [own, at(own)];
const small = { width: 8, heads: 2, layers: 1 };

const create = (head: string, spec: object, taps: readonly HeadTap[] = both) =>
  createHead({ head, spec, taps, classes: 3, seed: 1 });
const shapesOf = ({ variables }: Head) =>
  Object.fromEntries([...variables].map(([name, { shape }]) => [name, shape]));
const logitsOf = (head: Head, features = featuresFor(head.description.taps)) =>
  head.forward(features, evaluation).dataSync();

describe("one place at two sizes", () => {
  test("linear reads the features of one after those of the other", () => {
    const head = create("linear", { pool: 2 });
    expect(shapesOf(head)).toEqual({ "fcs.0.weight": [3, 24], "fcs.0.bias": [3] });
    const features = featuresFor(both);
    const weight = head.variables.get("fcs.0.weight") as tf.Variable<tf.Rank.R2>;
    const alone = both.map((tap, index) => {
      const part = create("linear", { pool: 2 }, [tap]);
      part.variables.get("fcs.0.weight")!.assign(tf.slice(weight, [0, 12 * index], [3, 12]));
      part.variables.get("fcs.0.bias")!.assign(tf.zeros([3]));
      return part.forward(features, evaluation);
    });
    const expected = tf.add(tf.addN(alone), head.variables.get("fcs.0.bias")!);
    expect(difference(logitsOf(head, features), expected.dataSync())).toBeLessThan(1e-5);
  });

  test("mlp too, before its hidden layer", () => {
    expect(shapesOf(create("mlp", { pool: 1, hidden: [4] }))["fcs.0.weight"]).toEqual([4, 6]);
  });

  test("cnn has convolutions of its own for each", () => {
    const shapes = shapesOf(create("cnn", { channels: [4], norm: "none" }));
    expect(shapes).toMatchObject({
      "convs.0.0.weight": [4, 3, 3, 3],
      "convs@48x64.0.0.weight": [4, 3, 3, 3],
      "head.weight": [3, 8],
    });
  });

  test("attention has a tokenizer for each, and looks at both at once", () => {
    const head = create("attention", { ...small, pool: 4 });
    expect(shapesOf(head)).toMatchObject({
      "pre_layer.9.1.weight": [3, 4, 3],
      "pre_layer.9@48x64.1.weight": [3, 4, 4],
      "pre_layer.9@48x64.2.weight": [8, 3, 1, 1],
      "head.weight": [3, 8],
    });
    const maps = head.attentionMaps!(featuresFor(both));
    expect(maps.map(({ tap, height, width }) => [tap, height, width])).toEqual([
      ["t90/b09", 4, 3],
      ["t90/b09@48x64", 4, 4],
    ]);
    const sums = tf.addN(maps.map(({ weights }) => tf.sum(weights, 3))).dataSync();
    expect(sums.every((sum) => sum > 0 && sum < 1)).toBe(true);
  });

  test.each(["linear", "mlp", "cnn", "attention"])("is all that %s takes", (head) => {
    const message = expect.stringMatching(
      /reads one block at one timestep, at each size of images once, given/,
    );
    for (const taps of [
      [],
      [own, own],
      [own, at(tapOf({ block: 12 }))],
      [...both, tapOf({ timestep: 10 })],
    ]) {
      expect(() => create(head, {}, taps)).toThrow(
        expect.objectContaining({ code: "REQUEST_INVALID", message }),
      );
    }
  });
});

describe("blocks × timesteps × sizes", () => {
  const places = ([90, 300] as const).flatMap((timestep) => [
    tapOf({ timestep }),
    tapOf({ timestep, block: 12, channels: 2 }),
  ]);
  const grid = places.flatMap((tap) => [tap, at(tap)]);

  test("difformer shares a tokenizer over timesteps, never over sizes", () => {
    const names = [...create("difformer", small, grid).variables.keys()];
    expect(names.filter((name) => /^pre_layer.*2\.weight/.test(name))).toEqual([
      "pre_layer.9.2.weight",
      "pre_layer.9@48x64.2.weight",
      "pre_layer.12.2.weight",
      "pre_layer.12@48x64.2.weight",
    ]);
  });

  test("difformer reads every size: each tap alone moves its logits", () => {
    const head = create("difformer", small, grid);
    const features = featuresFor(grid);
    const before = logitsOf(head, features);
    for (const { name } of grid) {
      const changed = { ...features, [name]: tf.neg(features[name]!) };
      expect(difference(logitsOf(head, changed), before), name).toBeGreaterThan(1e-3);
    }
  });

  test("difformer needs each size of a block at all timesteps, but not all blocks at each size", () => {
    expect(() => create("difformer", small, grid.slice(1))).toThrow(/lacks block 9 at timestep 90/);
    expect(() => create("difformer", small, grid.slice(0, -1))).toThrow(
      /lacks block 12@48x64 at timestep 300/,
    );
    const partial = grid.filter(({ block, size }) => block === 9 || !size);
    expect(create("difformer", small, partial).forward(featuresFor(partial), evaluation).shape).toEqual([
      2, 3,
    ]);
  });

  test("weighted weighs them one by one", async () => {
    const head = create("weighted", { width: 4 }, grid);
    expect(shapesOf(head).mixing_weights).toEqual([8]);
    expect(Object.keys(await head.tapWeights!())).toEqual(grid.map(({ name }) => name));
    expect([...head.variables.keys()]).toContain("pre_layer.12@48x64.2.weight");
  });

  test("are saved and restored, with the size that the rest is of", async () => {
    const request = { head: "difformer", spec: small, taps: grid, classes: 3, seed: 1 };
    const head = createHead({ ...request, size: { height: 32, width: 32 } });
    const saved = JSON.parse(JSON.stringify((await saveHead(head)).description));
    expect([saved.size, saved.taps[1].size]).toEqual([{ height: 32, width: 32 }, wide]);
    expect(Object.keys(create("linear", {}, [own]).description)).not.toContain("size");
    const restored = restoreHead({ description: saved, tensors: (await saveHead(head)).tensors });
    expect(logitsOf(restored)).toEqual(logitsOf(head));
  });
});
