/** What a segmenter gives: scores of every class at every pixel, and terms of an objective. */
import { deepStrictEqual, ok } from "node:assert/strict";
import type { Features } from "@difftap/heads";
import { disposeFeatures, exampleFeatures } from "@difftap/heads/testing";
import * as tf from "@tensorflow/tfjs-core";
import type { Segmenter } from "../create.js";
import { labelMapEntry } from "../label-maps.js";
import {
  BATCH,
  exampleLabels,
  gradientsOf,
  IGNORE,
  type SegmenterExample,
  SIZE,
  scoresOf,
  withSegmenter,
} from "./example.js";

export function checkScores(example: SegmenterExample): Promise<void> {
  return withSegmenter(example, (segmenter, features) => checkScoresOf(segmenter, features));
}

async function checkScoresOf(segmenter: Segmenter, features: Features): Promise<void> {
  const { height, width } = SIZE;
  const scores = segmenter.predict(features, SIZE);
  deepStrictEqual(scores.shape, [BATCH, segmenter.description.classes, height, width]);
  const values = await scores.data();
  ok(
    values.every((score) => Number.isFinite(score) && score >= 0),
    "a score is negative or not finite",
  );
  scores.dispose();
}

export function checkObjective(example: SegmenterExample): Promise<void> {
  return withSegmenter(example, (segmenter, features) => checkTerms(segmenter, features));
}

async function checkTerms(segmenter: Segmenter, features: Features): Promise<void> {
  for (const training of [false, true]) {
    const terms = segmenter.objective(features, { training });
    ok(Object.keys(terms).length > 0, "there is no term to minimise");
    for (const [name, term] of Object.entries(terms)) {
      deepStrictEqual(term.shape, [], `term ${name} is no single number`);
      const [value] = await term.data();
      ok(Number.isFinite(value), `term ${name} is ${value}`);
    }
    tf.dispose(terms);
  }
}

/** Nothing to learn from, but nothing that is not a number either. */
export function checkIgnored(example: SegmenterExample): Promise<void> {
  const ignored = () => tf.fill([BATCH, SIZE.height, SIZE.width], IGNORE) as tf.Tensor3D;
  const check = async (segmenter: Segmenter, features: Features) => {
    await checkTerms(segmenter, features);
    const { value, grads } = gradientsOf(segmenter, features);
    for (const [name, gradient] of Object.entries(grads)) {
      ok((await gradient.data()).every(Number.isFinite), `the gradient of ${name} is not finite`);
    }
    tf.dispose([value, grads]);
  };
  return withSegmenter(example, check, ignored);
}

export function checkFlat(example: SegmenterExample): Promise<void> {
  return withSegmenter(example, async (segmenter, features) => {
    const flat = Object.fromEntries(
      segmenter.inputs.map(({ name }) => [name, tf.reshape(features[name]!, [BATCH, -1])]),
    );
    deepStrictEqual(await scoresOf(segmenter, flat), await scoresOf(segmenter, features));
    disposeFeatures(flat);
  });
}

export function checkOtherSizes(example: SegmenterExample): Promise<void> {
  return withSegmenter(example, async (segmenter) => {
    const larger = {
      ...exampleFeatures(segmenter.inputs, { batch: BATCH, scale: 2 }),
      [labelMapEntry]: exampleLabels(example.classes),
    };
    await checkScoresOf(segmenter, larger);
    await checkTerms(segmenter, larger);
    disposeFeatures(larger);
  });
}
