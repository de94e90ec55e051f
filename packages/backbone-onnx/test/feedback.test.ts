import type { TrainedFeedback } from "@difftap/backbone";
import { type NdArray, ndarray } from "@difftap/core";
import { describe, expect, test } from "vitest";
import { emitUnet } from "../src/index.js";
import { small } from "./architectures.js";

/** Block 6 feeds block 4, both with 64 channels. */
const CHANNELS = 64;
const vector = ndarray("float32", [CHANNELS], new Float32Array(CHANNELS).fill(1));
const tensors: Readonly<Record<string, NdArray>> = {
  "feedback.0.0.weight": ndarray("float32", [CHANNELS, CHANNELS, 1, 1]),
  "feedback.0.1.weight": vector,
  "feedback.0.1.bias": vector,
  "feedback.0.1.running_mean": vector,
  "feedback.0.1.running_var": vector,
};
const feedback: TrainedFeedback = { blocks: [6], module: "C_B_R", tensors };

const emit = (given: TrainedFeedback | undefined, block = 7) =>
  emitUnet({ architecture: small, taps: [{ block, pool: 2, pass: 2 }], ...(given && { feedback: given }) });

test("the network's weights are there once, batch norm is part of the convolution", () => {
  const once = emitUnet({ architecture: small, taps: [{ block: 7, pool: 2 }] }).layout.weights;
  const twice = emit(feedback).layout.weights;
  const own = twice.filter(({ name }) => name.startsWith("feedback."));
  expect(own.map(({ name, shape }) => [name, shape])).toEqual([
    ["feedback.0.0.weight", [CHANNELS, CHANNELS, 1, 1]],
    ["feedback.0.0.bias", [CHANNELS]],
  ]);
  const names = (weights: typeof once) => weights.map(({ name }) => name).sort();
  expect(names(twice.filter((weight) => !own.includes(weight)))).toEqual(names(once));
});

test("only what lies behind the first addition is there twice", () => {
  const bytes = (given: TrainedFeedback | undefined, pass?: 2) =>
    emitUnet({
      architecture: small,
      taps: [{ block: 7, pool: 2 }, ...(pass ? [{ block: 7, pool: 2, pass }] : [])],
      ...(given && { feedback: given }),
    }).model.length;
  const [one, two] = [bytes(undefined), bytes(feedback, 2)];
  expect(two).toBeGreaterThan(one);
  expect(two).toBeLessThan(2 * one);
});

test("taps of both passes have names of their own", () => {
  const taps = [
    { block: 6, pool: "map" as const },
    { block: 6, pool: "map" as const, pass: 2 as const },
  ];
  const { outputs } = emitUnet({ architecture: small, taps, feedback });
  expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([
    ["b06.map", [CHANNELS, 8, 8]],
    ["second.b06.map", [CHANNELS, 8, 8]],
  ]);
});

describe("refused", () => {
  const { "feedback.0.1.bias": _, ...lacking } = tensors;
  test.each([
    ["no feedback", undefined, "REQUEST_INVALID", /pass 2 was asked for without feedback/],
    [
      "a missing tensor",
      { ...feedback, tensors: lacking },
      "WEIGHTS_MISMATCH",
      /feedback\.0\.1\.bias is missing/,
    ],
    [
      "a tensor of another size",
      { ...feedback, tensors: { ...tensors, "feedback.0.0.weight": vector } },
      "WEIGHTS_MISMATCH",
      /feedback\.0\.0\.bias has 64 values, not \[1\]/,
    ],
    ["unknown letters", { ...feedback, module: "C_Z" }, "CONFIG_INVALID", /"C_Z"/],
    ["the middle block", { ...feedback, blocks: [5] }, "REQUEST_INVALID", /middle block/],
  ])("%s", (_, given, code, message) => {
    expect(() => emit(given)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
