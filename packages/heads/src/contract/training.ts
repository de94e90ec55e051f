/** What training does to a head: gradients everywhere, statistics kept, the same bits from the same seed. */
import { deepStrictEqual, notDeepStrictEqual, ok } from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { saveHead } from "../saved.js";
import { build, gradientsOf, type HeadExample, logitsOf, trainStep, withHead } from "./example.js";
import { requireGradients, requireRepeatable, requireSeed, tensorsOf } from "./shared.js";

export function checkGradients(example: HeadExample): Promise<void> {
  return withHead(example, async (head, features) => {
    const gradients = gradientsOf(head, features);
    await requireGradients(head, gradients);
    tf.dispose(gradients);
  });
}

/** A forward pass in training moves buffers, where there are any, and nothing else; evaluation reads them. */
export function checkTrainingMode(example: HeadExample): Promise<void> {
  return withHead(example, async (head, features) => {
    const before = await saveHead(head);
    const evaluated = await logitsOf(head, features);
    await logitsOf(head, features, true);
    const after = await saveHead(head);
    for (const name of head.variables.keys()) {
      deepStrictEqual(after.tensors[name], before.tensors[name], `a forward pass changed parameter ${name}`);
    }
    for (const name of head.buffers.keys()) {
      const { data } = after.tensors[name]!;
      ok(Array.from(data as Float32Array).every(Number.isFinite), `buffer ${name} is not finite`);
    }
    const again = await logitsOf(head, features);
    if (head.buffers.size === 0) return deepStrictEqual(again, evaluated);
    notDeepStrictEqual(after.tensors, before.tensors, "training moved no buffer");
    notDeepStrictEqual(again, evaluated, "evaluation does not read the buffers");
  });
}

export function checkSeed(example: HeadExample): Promise<void> {
  return requireSeed((seed) => build(example, seed));
}

export function checkRepeatable(example: HeadExample): Promise<void> {
  return requireRepeatable(async () => {
    let result: unknown;
    await withHead(example, async (head, features) => {
      for (let step = 0; step < 2; step++) trainStep(head, features);
      result = [await tensorsOf(head), await logitsOf(head, features)];
    });
    return result;
  });
}
