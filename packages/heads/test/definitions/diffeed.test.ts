import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHead, type HeadNetwork, headInputs } from "../../src/index.js";
import { difference, featuresFor, tapOf } from "../examples.js";
import { networkOf, openUnet, tiny, tinyWeights, type Unet } from "../networks.js";

const size = { height: 4, width: 4 };
const small = { width: 8, heads: 2, layers: 1 };
const taps = [tapOf({ block: 7, timestep: 90 }), tapOf({ block: 8, timestep: 90 })];
const spec = { ...small, feedback: { blocks: [6] } };

let unet: Unet;
let network: HeadNetwork;
beforeAll(async () => {
  await start("cpu");
  unet = await openUnet(tiny, await tinyWeights());
  network = networkOf(unet, size);
});
afterAll(() => unet.dispose());

const build = (given: object, rest: object = {}) =>
  createHead({ head: "diffeed", spec: { ...spec, ...given }, taps, classes: 3, seed: 1, network, ...rest });

test("it is fed whole maps of pass 1, no more than pass 2 needs", () => {
  const inputs = headInputs({ head: "diffeed", spec, taps, network });
  expect(inputs.map(({ name }) => name)).toEqual([
    "t90/b02-map",
    "t90/b03-map",
    "t90/b04-map",
    "t90/b06-map",
  ]);
  expect(inputs.map(({ channels, height }) => [channels, height])).toEqual([
    [32, 4],
    [32, 2],
    [64, 2],
    [64, 2],
  ]);
});

test("without a network that resumes it is fed both passes, and cannot be trained", () => {
  const passes = { first: [7], second: [8] };
  const head = build({ passes }, { network: { blocks: unet.blocks, size } });
  expect(head.inputs.map(({ name, pass }) => [name, pass])).toEqual([
    ["t90/b07-map", undefined],
    ["t90/b08-pass2", 2],
  ]);
  expect(head.reads).toEqual([
    { tap: taps[0]!.name, pass: 1 },
    { tap: taps[1]!.name, pass: 2 },
  ]);
  expect(() => head.forward(featuresFor(head.inputs), { training: true })).toThrow(/both passes/);
  head.dispose();
});

test("a block read in both passes has one tokenizer", () => {
  const head = build({ passes: { first: [7, 8], second: [7, 8] } });
  const tokenizers = [...head.variables.keys()].filter((name) => name.startsWith("head.pre_layer"));
  expect(new Set(tokenizers.map((name) => name.split(".")[2]))).toEqual(new Set(["7", "8"]));
  expect(head.reads).toHaveLength(4);
  head.dispose();
});

test("where the feedback is zero, pass 2 is pass 1", async () => {
  const head = build({ feedback: { blocks: [6], module: "C" } });
  const silent = head.variables.get("feedback.0.0.weight")!;
  silent.assign(tf.zerosLike(silent));
  const maps = new Map<number, tf.Tensor>();
  const x = featuresFor([tapOf({ ...size })])[tapOf().name]!;
  const visit: Parameters<NonNullable<HeadNetwork["resume"]>>[1] = ({ number }, value) => {
    maps.set(number, value);
  };
  unet.forward({ x, timesteps: tf.tensor1d([90]) }, { visit });
  const features = Object.fromEntries(head.inputs.map(({ name, block }) => [name, maps.get(block)!]));
  const reading = build({}, { network: { blocks: unet.blocks, size } });
  const own = Object.fromEntries(reading.inputs.map(({ name, block }) => [name, maps.get(block)!]));
  const [found, wanted] = [
    head.forward(features, { training: false }),
    reading.forward(own, { training: false }),
  ];
  expect(difference(found.dataSync(), wanted.dataSync())).toBeLessThan(1e-5);
  for (const each of [head, reading]) each.dispose();
});

test("what it feeds back leaves with its blocks, letters and tensors", async () => {
  const head = build({ feedback: { blocks: [7, 6], module: "C_B" } });
  const { blocks, module, tensors } = await head.feedback!();
  expect([blocks, module]).toEqual([[7, 6], "C_B"]);
  expect(Object.keys(tensors).filter((name) => name.startsWith("feedback.1."))).toEqual([
    "feedback.1.0.weight",
    "feedback.1.1.weight",
    "feedback.1.1.bias",
    "feedback.1.1.running_mean",
    "feedback.1.1.running_var",
    "feedback.1.1.num_batches_tracked",
  ]);
  head.dispose();
});

describe("refused", () => {
  test.each([
    ["the middle block", { feedback: { blocks: [5] } }, /middle block has no mirror/],
    ["an encoder block", { feedback: { blocks: [1] } }, /lies in the encoder/],
    ["a block outside", { feedback: { blocks: [12] } }, /block 12 does not exist/],
    ["unknown letters", { feedback: { blocks: [6], module: "C_Q" } }, /feedback module "C_Q"/],
    ["no feedback", { feedback: undefined }, /feedback/],
    ["a stray field", { feedback: { blocks: [6], letters: "C" } }, /unknown key "letters"/],
    ["a width that heads do not divide", { heads: 3 }, /has to divide the width/],
    ["a block of a pass that is no tap", { passes: { first: [2] } }, /block 2 of passes is none of the taps/],
    ["a tap that no pass reads", { passes: { second: [7] } }, /block 8 is a tap, but read in no pass/],
    ["a block twice in a pass", { passes: { first: [7, 7] } }, /block 7 is there twice/],
  ])("%s", (_, given, message) => {
    const held = tf.memory().numTensors;
    expect(() => build(given)).toThrow(message);
    expect(tf.memory().numTensors).toBe(held);
  });

  test("no network", () => {
    expect(() => build({}, { network: undefined })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(/none was given/) }),
    );
  });

  test("taps that are no grid", () => {
    const ragged = [...taps, tapOf({ block: 7, timestep: 10 })];
    expect(() => build({}, { taps: ragged })).toThrow(/lacks block 8 at timestep 10/);
  });

  test("taps of images of several sizes", () => {
    const size = { height: 8, width: 8 };
    const sized = [...taps, ...taps.map((tap) => ({ ...tap, name: `${tap.name}@8`, size }))];
    expect(() => build({}, { taps: sized })).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED",
        message: expect.stringMatching(/one size of images, and t.*@8 is read at another/),
        hint: expect.stringMatching(/difformer fuses several/),
      }),
    );
  });
});
