/** What training does to a segmenter: gradients everywhere, statistics kept, the same bits from the same seed, a falling objective. */
import { deepStrictEqual, notDeepStrictEqual, ok } from "node:assert/strict";
import { saveHead } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import type { Segmenter } from "../create.js";
import { build, gradientsOf, type SegmenterExample, scoresOf, trainStep, withSegmenter } from "./example.js";

export function checkGradients(example: SegmenterExample): Promise<void> {
  return withSegmenter(example, async (segmenter, features) => {
    const { value, grads } = gradientsOf(segmenter, features);
    for (const [name, variable] of segmenter.variables) {
      const gradient = grads[variable.name];
      ok(gradient, `no gradient for ${name}`);
      const values = await gradient.data();
      ok(values.every(Number.isFinite), `the gradient of ${name} is not finite`);
      ok(
        values.some((each) => each !== 0),
        `the gradient of ${name} is zero`,
      );
    }
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

export async function checkSeed(example: SegmenterExample): Promise<void> {
  const segmenters = [build(example, 1), build(example, 1), build(example, 2)] as const;
  const [first, again, other] = await Promise.all(segmenters.map(tensorsOf));
  for (const segmenter of segmenters) segmenter.dispose();
  deepStrictEqual(again, first);
  notDeepStrictEqual(other, first);
}

export async function checkRepeatable(example: SegmenterExample): Promise<void> {
  const trained = async () => {
    let result: unknown;
    await withSegmenter(example, async (segmenter, features) => {
      for (let step = 0; step < 2; step++) await trainStep(segmenter, features);
      result = [await tensorsOf(segmenter), await scoresOf(segmenter, features)];
    });
    return result;
  };
  deepStrictEqual(await trained(), await trained());
}

/** Small steps down the gradient lower the objective. */
export function checkLearning(example: SegmenterExample): Promise<void> {
  return withSegmenter(example, async (segmenter, features) => {
    const losses: number[] = [];
    for (let step = 0; step < 6; step++) losses.push(await trainStep(segmenter, features));
    ok(losses.at(-1)! < losses[0]!, `the objective does not fall: ${losses.join(", ")}`);
  });
}

async function tensorsOf(segmenter: Segmenter) {
  return (await saveHead(segmenter)).tensors;
}
