/** What training does to a segmenter: gradients everywhere, statistics kept, the same bits from the same seed, a falling objective. */
import { deepStrictEqual, notDeepStrictEqual, ok } from "node:assert/strict";
import { saveHead } from "@difftap/heads";
import { requireGradients, requireRepeatable, requireSeed, tensorsOf } from "@difftap/heads/testing";
import * as tf from "@tensorflow/tfjs-core";
import { build, gradientsOf, type SegmenterExample, scoresOf, trainStep, withSegmenter } from "./example.js";

export function checkGradients(example: SegmenterExample): Promise<void> {
  return withSegmenter(example, async (segmenter, features) => {
    const { value, grads } = gradientsOf(segmenter, features);
    await requireGradients(segmenter, grads);
    tf.dispose([value, grads]);
  });
}

/** A forward pass in training moves buffers, where there are any, and nothing else; evaluation reads them. */
export function checkTrainingMode(example: SegmenterExample): Promise<void> {
  return withSegmenter(example, async (segmenter, features) => {
    const before = await saveHead(segmenter);
    const evaluated = await scoresOf(segmenter, features);
    tf.dispose(segmenter.objective(features, { training: true }));
    const after = await saveHead(segmenter);
    for (const name of segmenter.variables.keys()) {
      deepStrictEqual(after.tensors[name], before.tensors[name], `the objective changed parameter ${name}`);
    }
    const again = await scoresOf(segmenter, features);
    if (segmenter.buffers.size === 0) return deepStrictEqual(again, evaluated);
    notDeepStrictEqual(after.tensors, before.tensors, "training moved no buffer");
    notDeepStrictEqual(again, evaluated, "evaluation does not read the buffers");
  });
}

export function checkSeed(example: SegmenterExample): Promise<void> {
  return requireSeed((seed) => build(example, seed));
}

export function checkRepeatable(example: SegmenterExample): Promise<void> {
  return requireRepeatable(async () => {
    let result: unknown;
    await withSegmenter(example, async (segmenter, features) => {
      for (let step = 0; step < 2; step++) await trainStep(segmenter, features);
      result = [await tensorsOf(segmenter), await scoresOf(segmenter, features)];
    });
    return result;
  });
}

/** Small steps down the gradient lower the objective. */
export function checkLearning(example: SegmenterExample): Promise<void> {
  return withSegmenter(example, async (segmenter, features) => {
    const losses: number[] = [];
    for (let step = 0; step < 6; step++) losses.push(await trainStep(segmenter, features));
    ok(losses.at(-1)! < losses[0]!, `the objective does not fall: ${losses.join(", ")}`);
  });
}
