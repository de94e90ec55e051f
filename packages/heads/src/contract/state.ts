/** What a head keeps: everything in its saved form, nothing from an evaluation, no tensor on the engine. */
import { deepStrictEqual, ok } from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { restoreHead, saveHead } from "../saved.js";
import { type HeadExample, logitsOf, withHead } from "./example.js";
import { disposeFeatures, firstRow } from "./shared.js";

/** Float32 sums in another order. */
const ROUNDING = 1e-5;

export function checkSaved(example: HeadExample): Promise<void> {
  return withHead(example, async (head, features) => {
    await logitsOf(head, features, true);
    const saved = await saveHead(head);
    const description = JSON.parse(JSON.stringify(saved.description));
    deepStrictEqual(description, saved.description, "the description is not plain data");
    const restored = restoreHead(
      { description, tensors: saved.tensors },
      [example.definition],
      example.network,
    );
    deepStrictEqual(await logitsOf(restored, features), await logitsOf(head, features));
    restored.dispose();
  });
}

export function checkEvaluation(example: HeadExample): Promise<void> {
  return withHead(example, async (head, features) => {
    const before = await saveHead(head);
    const together = await logitsOf(head, features);
    deepStrictEqual(await logitsOf(head, features), together, "the same features give other logits");
    const first = firstRow(features);
    const alone = await logitsOf(head, first);
    disposeFeatures(first);
    const scale = Math.max(...together.map(Math.abs));
    alone.forEach((logit, i) => {
      ok(Math.abs(logit - together[i]!) <= ROUNDING * scale, "a sample's logits depend on its batch");
    });
    deepStrictEqual((await saveHead(head)).tensors, before.tensors, "evaluation changed the head");
  });
}

export async function checkMemory(example: HeadExample): Promise<void> {
  const before = tf.memory().numTensors;
  await withHead(example, async (head, features) => {
    const held = tf.memory().numTensors;
    for (const training of [true, false]) head.forward(features, { training }).dispose();
    tf.dispose(head.attentionMaps?.(features) ?? []);
    await head.tapWeights?.();
    deepStrictEqual(tf.memory().numTensors, held, "forward leaves tensors behind");
  });
  deepStrictEqual(tf.memory().numTensors, before, "dispose leaves variables behind");
}
