import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createHead, type HeadTap, restoreHead, saveHead } from "../../src/index.js";
import { difference, featuresFor, tapOf } from "../examples.js";

beforeAll(() => start("cpu"));

const wide = { channels: 2, height: 3, width: 5 };
const taps = (["clean", 90, 300] as const).flatMap((timestep) => [
  tapOf({ timestep, block: 9 }),
  tapOf({ timestep, block: 12, ...wide }),
]);
const spec = { width: 8, heads: 2, layers: 2, pool: 4 };
const create = (given: readonly HeadTap[]) =>
  createHead({ head: "difformer", spec, taps: given, classes: 3, seed: 1 });
const evaluation = { training: false };

test("has one tokenizer per block, one transformer, and a linear layer over all timesteps", () => {
  const shapes = [...create(taps).variables].map(([name, { shape }]) => [name, shape]);
  expect(Object.fromEntries(shapes)).toMatchObject({
    "pre_layer.9.1.weight": [3, 4, 3],
    "pre_layer.9.2.weight": [8, 3, 1, 1],
    "pre_layer.12.1.weight": [2, 3, 4],
    "pre_layer.12.2.weight": [8, 2, 1, 1],
    "intra_inter_block_attention.layers.2.attn.qkv.weight": [24, 8],
    "head.weight": [3, 24],
  });
  expect(shapes.filter(([name]) => /^pre_layer.*weight/.test(name as string))).toHaveLength(4);
});

test("does not mind in which order a grid is listed, but does mind the order of timesteps", async () => {
  const features = featuresFor(taps);
  const { description, tensors } = await saveHead(create(taps));
  const logits = (given: readonly HeadTap[]) =>
    restoreHead({ description: { ...description, taps: given }, tensors })
      .forward(features, evaluation)
      .dataSync();
  const byBlock = [9, 12].flatMap((block) => taps.filter((tap) => tap.block === block));
  expect(difference(logits(byBlock), logits(taps))).toBeLessThan(1e-6);
  const backwards = ([300, 90, "clean"] as const).flatMap((t) => taps.filter((tap) => tap.timestep === t));
  expect(difference(logits(backwards), logits(taps))).toBeGreaterThan(1e-2);
});

test("looks at each timestep alone", () => {
  const features = featuresFor(taps);
  const head = create(taps);
  const before = head.attentionMaps!(features);
  expect(before.map(({ tap, height, width }) => [tap, height, width])).toEqual(
    taps.map(({ name, block }) => (block === 9 ? [name, 4, 3] : [name, 3, 4])),
  );
  const changed = taps[1]!.name;
  const after = head.attentionMaps!({ ...features, [changed]: tf.neg(features[changed]!) });
  const moved = before.map(({ weights }, i) => difference(after[i]!.weights.dataSync(), weights.dataSync()));
  expect(moved.map((each) => each > 1e-4)).toEqual([true, true, false, false, false, false]);
  const total = tf.addN(before.slice(0, 2).map(({ weights }) => tf.sum(weights, 3)));
  expect(total.dataSync().every((sum) => sum > 0 && sum < 1)).toBe(true);
});

test.each([
  ["batch-per-timestep", 1],
  ["batch", 0],
])("norm %s: evaluation sees what training saw where timesteps differ in scale: %d", (norm, same) => {
  const head = createHead({ head: "difformer", spec: { ...spec, norm }, taps, classes: 3, seed: 1 });
  const features = Object.fromEntries(
    Object.entries(featuresFor(taps)).map(([name, maps], i) => [name, tf.mul(maps, i < 2 ? 1 : 10)]),
  );
  let trained = head.forward(features, { training: true });
  // The running statistics come near those of the one batch there is.
  for (let step = 0; step < 80; step++) trained = head.forward(features, { training: true });
  const apart = difference(head.forward(features, evaluation).dataSync(), trained.dataSync());
  expect(apart < 0.02).toBe(same === 1);
});

test("norm batch-per-timestep has a norm of its own for each timestep, and one convolution", () => {
  const head = createHead({
    head: "difformer",
    spec: { ...spec, norm: "batch-per-timestep" },
    taps,
    classes: 3,
    seed: 1,
  });
  const names = [...head.variables.keys()].filter((name) => name.startsWith("pre_layer.9."));
  expect(names.filter((name) => name.endsWith("weight"))).toEqual([
    "pre_layer.9.1.0.weight",
    "pre_layer.9.1.1.weight",
    "pre_layer.9.1.2.weight",
    "pre_layer.9.2.weight",
  ]);
});

describe("refused", () => {
  test.each([
    ["no tap", [], /got no tap/],
    ["a gap", taps.slice(1), /lacks block 9 at timestep clean, given: tclean\/b12, t90\/b09/],
    [
      "a repetition",
      [...taps, { ...taps[0]!, name: "again" }],
      /got block 9 at timestep clean more than once/,
    ],
    [
      "maps that differ between timesteps",
      [...taps.slice(0, 5), { ...taps[5]!, height: 2 }],
      /block 12, whose maps differ: tclean\/b12 2×3×5, t90\/b12 2×3×5, t300\/b12 2×2×5/,
    ],
  ])("%s", (_, given, message) => {
    expect(() => create(given)).toThrow(
      expect.objectContaining({
        code: "REQUEST_INVALID",
        message: expect.stringMatching(message),
        hint: expect.stringMatching(/./),
      }),
    );
  });

  test("features without one of its taps, listing those they hold", () => {
    const { [taps[5]!.name]: _, ...others } = featuresFor(taps);
    expect(() => create(taps).forward(others, evaluation)).toThrow(
      expect.objectContaining({
        message: "the head reads tap t300/b12, which the features do not hold",
        hint: "they hold tclean/b09, tclean/b12, t90/b09, t90/b12, t300/b09",
      }),
    );
  });
});
