/** What a segmenter keeps: everything in its saved form, nothing from an evaluation, no tensor on the engine. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { saveHead } from "@difftap/heads";
import { disposeFeatures, firstRow } from "@difftap/heads/testing";
import * as tf from "@tensorflow/tfjs-core";
import { restoreSegmenter } from "../saved.js";
import { type SegmenterExample, SIZE, scoresOf, trainStep, withSegmenter } from "./example.js";

/** Float32 sums in another order. */
const ROUNDING = 1e-5;

export function checkSaved(example: SegmenterExample): Promise<void> {
  return withSegmenter(example, async (segmenter, features) => {
    await trainStep(segmenter, features);
    const saved = await saveHead(segmenter);
    const description = JSON.parse(JSON.stringify(saved.description));
    deepStrictEqual(description, saved.description, "the description is not plain data");
    const restored = restoreSegmenter({ description, tensors: saved.tensors }, [example.definition]);
    deepStrictEqual(await scoresOf(restored, features), await scoresOf(segmenter, features));
    restored.dispose();
  });
}

export function checkEvaluation(example: SegmenterExample): Promise<void> {
  return withSegmenter(example, async (segmenter, features) => {
    const before = await saveHead(segmenter);
    const together = await scoresOf(segmenter, features);
    deepStrictEqual(await scoresOf(segmenter, features), together, "the same features give other scores");
    const first = firstRow(features);
    const alone = await scoresOf(segmenter, first);
    disposeFeatures(first);
    const scale = Math.max(...together);
    alone.forEach((score, i) => {
      ok(Math.abs(score - together[i]!) <= ROUNDING * scale, "an image's scores depend on its batch");
    });
    tf.dispose(segmenter.objective(features, { training: false }));
    deepStrictEqual((await saveHead(segmenter)).tensors, before.tensors, "evaluation changed it");
  });
}

export async function checkMemory(example: SegmenterExample): Promise<void> {
  const before = tf.memory().numTensors;
  await withSegmenter(example, async (segmenter, features) => {
    const held = tf.memory().numTensors;
    for (const training of [true, false]) tf.dispose(segmenter.objective(features, { training }));
    segmenter.predict(features, SIZE).dispose();
    await trainStep(segmenter, features);
    deepStrictEqual(tf.memory().numTensors, held, "a step or a prediction leaves tensors behind");
  });
  deepStrictEqual(tf.memory().numTensors, before, "dispose leaves variables behind");
}
