/** What training asks of a detector: targets of one shape, finite terms, gradients everywhere, the same bits from the same seed. */
import { deepStrictEqual, notDeepStrictEqual, ok } from "node:assert/strict";
import type { Features } from "@difftap/heads";
import {
  exampleFeatures,
  requireGradients,
  requireRepeatable,
  requireSeed,
  tensorsOf,
} from "@difftap/heads/testing";
import * as tf from "@tensorflow/tfjs-core";
import type { Detector } from "../create.js";
import type { Targets } from "../targets/dense-targets.js";
import {
  BATCH,
  build,
  type DetectorExample,
  exampleObjects,
  exampleTargets,
  gradientsOf,
  trainStep,
  withDetector,
} from "./example.js";

/** Shapes follow from the size of the image; numbers from the objects, the same at every call. */
export async function checkTargets(example: DetectorExample): Promise<void> {
  const detector = build(example);
  const objects = exampleObjects(example);
  const [some, again, none] = [objects, objects, []].map((given) => detector.targets(given));
  detector.dispose();
  const shapes = (targets: Targets) =>
    Object.entries(targets).map(([name, { dtype, shape }]) => [name, dtype, shape]);
  deepStrictEqual(shapes(some!), shapes(none!), "shapes of targets depend on the objects");
  deepStrictEqual(again, some, "the same objects give other targets");
  notDeepStrictEqual(some, none, "the targets do not know of the objects");
  for (const [name, { dtype, data }] of Object.entries(some!)) {
    deepStrictEqual(dtype, "float32", `${name} is ${dtype}`);
    ok(data.every(Number.isFinite), `${name} is not finite`);
  }
}

/** Of a batch with objects, and of one without any. */
export async function checkTerms(example: DetectorExample): Promise<void> {
  const detector = build(example);
  const maps = exampleFeatures(detector.inputs, { batch: BATCH });
  for (const objects of [exampleObjects(example), []]) {
    const targets = exampleTargets(detector, Array(BATCH).fill(objects));
    const terms = detector.objective({ ...maps, ...targets }, { training: true });
    ok(Object.keys(terms).length > 0, "there is nothing to minimise");
    for (const [name, term] of Object.entries(terms)) {
      deepStrictEqual(term.shape, [], `term ${name} is no scalar`);
      const [value] = await term.data();
      ok(Number.isFinite(value), `term ${name} is ${value} for ${objects.length} objects`);
    }
    tf.dispose([terms, targets]);
  }
  tf.dispose(maps);
  detector.dispose();
}

export function checkGradients(example: DetectorExample): Promise<void> {
  return withDetector(example, async (detector, features) => {
    const gradients = gradientsOf(detector, features);
    await requireGradients(detector, gradients);
    tf.dispose(gradients);
  });
}

/** Steps along the gradient lower what is minimised. */
export function checkDescent(example: DetectorExample): Promise<void> {
  return withDetector(example, async (detector, features) => {
    const before = await lossOf(detector, features);
    for (let step = 0; step < 3; step++) trainStep(detector, features);
    const after = await lossOf(detector, features);
    ok(after < before, `the loss went from ${before} to ${after}`);
  });
}

async function lossOf(detector: Detector, features: Features): Promise<number> {
  const total = tf.tidy(() => tf.addN(Object.values(detector.objective(features, { training: true }))));
  const [value] = await total.data();
  total.dispose();
  return value!;
}

export function checkSeed(example: DetectorExample): Promise<void> {
  return requireSeed((seed) => build(example, seed));
}

export function checkRepeatable(example: DetectorExample): Promise<void> {
  return requireRepeatable(async () => {
    let result: unknown;
    await withDetector(example, async (detector, features) => {
      for (let step = 0; step < 2; step++) trainStep(detector, features);
      result = await tensorsOf(detector);
    });
    return result;
  });
}
