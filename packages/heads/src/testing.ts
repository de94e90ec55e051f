/**
 * What every head has to hold, as checks for any test runner. An engine with gradients has to be running.
 *
 * ```ts
 * import { selectEngine } from "@difftap/engine";
 * import { headContract } from "@difftap/heads/testing";
 * import { beforeAll, describe, test } from "vitest";
 * import myHead from "./my-head.js";
 *
 * const tap = { name: "t90/b09", block: 9, timestep: 90, channels: 8, height: 4, width: 4 };
 * beforeAll(() => selectEngine("cpu"));
 * describe("my-head", () => {
 *   for (const { name, check } of headContract) {
 *     test(name, () => check({ definition: myHead, spec: {}, taps: [tap], classes: 5 }));
 *   }
 * });
 * ```
 */
import { deepStrictEqual, notDeepStrictEqual, ok } from "node:assert/strict";
import { elementCount, hashId, normals, streams } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import { createHead, type Head } from "./create.js";
import type { HeadDefinition } from "./definition.js";
import { restoreHead, saveHead } from "./saved.js";
import type { Features, HeadTap } from "./tap.js";

export interface HeadExample {
  readonly definition: HeadDefinition;
  readonly spec: unknown;
  readonly taps: readonly HeadTap[];
  readonly classes: number;
}

export interface ContractCheck {
  readonly name: string;
  /** Rejects with an assertion error when the head does not hold to it. */
  readonly check: (example: HeadExample) => Promise<void>;
}

const BATCH = 5;
/** Float32 sums in another order. */
const ROUNDING = 1e-5;

export const headContract: readonly ContractCheck[] = [
  { name: "gives one row of finite logits per sample", check: checkShapes },
  { name: "has a gradient for every parameter", check: checkGradients },
  { name: "gives the same logits after saving and loading", check: checkSaved },
  { name: "takes a batch of one", check: checkSingle },
  { name: "evaluates each sample alone, and changes nothing by it", check: checkEvaluation },
  { name: "is decided by its seed", check: checkSeed },
  { name: "reads flat features like maps", check: checkFlat },
  { name: "leaves no tensor behind", check: checkMemory },
];

function build({ definition, spec, taps, classes }: HeadExample, seed = 1): Head {
  return createHead({ head: definition.name, spec, taps, classes, seed }, [definition]);
}

function exampleFeatures(taps: readonly HeadTap[], batch = BATCH): Features {
  const tensors = taps.map(({ name, channels, height, width }) => {
    const shape: [number, number, number, number] = [batch, channels, height, width];
    const values = normals({ seed: 3, stream: streams.noise, index: hashId(name) }, elementCount(shape));
    return [name, tf.tensor4d(values, shape)] as const;
  });
  return Object.fromEntries(tensors);
}

/** Runs a check with fresh features and head, and disposes both. */
async function withHead(
  example: HeadExample,
  work: (head: Head, features: Features) => Promise<void>,
): Promise<void> {
  const features = exampleFeatures(example.taps);
  const head = build(example);
  try {
    await work(head, features);
  } finally {
    head.dispose();
    tf.dispose(features as Record<string, tf.Tensor>);
  }
}

async function logitsOf(head: Head, features: Features, training = false): Promise<number[]> {
  const logits = head.forward(features, { training });
  const values = Array.from(await logits.data());
  logits.dispose();
  return values;
}

function checkShapes(example: HeadExample): Promise<void> {
  return withHead(example, async (head, features) => {
    for (const training of [false, true]) {
      const logits = head.forward(features, { training });
      deepStrictEqual(logits.shape, [BATCH, example.classes]);
      ok((await logits.data()).every(Number.isFinite), "a logit is not finite");
      logits.dispose();
    }
  });
}

function checkGradients(example: HeadExample): Promise<void> {
  return withHead(example, async (head, features) => {
    const labels = tf.oneHot(tf.range(0, BATCH, 1, "int32"), example.classes);
    const loss = () =>
      tf.losses.softmaxCrossEntropy(labels, head.forward(features, { training: true })) as tf.Scalar;
    const { value, grads } = tf.variableGrads(loss, [...head.variables.values()]);
    for (const [name, variable] of head.variables) {
      const gradient = grads[variable.name];
      ok(gradient, `no gradient for ${name}`);
      const values = await gradient.data();
      ok(values.every(Number.isFinite), `the gradient of ${name} is not finite`);
      ok(
        values.some((each) => each !== 0),
        `the gradient of ${name} is zero`,
      );
    }
    tf.dispose([labels, value, grads]);
  });
}

function checkSaved(example: HeadExample): Promise<void> {
  return withHead(example, async (head, features) => {
    const saved = await saveHead(head);
    const description = JSON.parse(JSON.stringify(saved.description));
    deepStrictEqual(description, saved.description, "the description is not plain data");
    const restored = restoreHead({ description, tensors: saved.tensors }, [example.definition]);
    deepStrictEqual(await logitsOf(restored, features), await logitsOf(head, features));
    restored.dispose();
  });
}

async function checkSingle(example: HeadExample): Promise<void> {
  const features = exampleFeatures(example.taps, 1);
  const head = build(example);
  const logits = await logitsOf(head, features);
  deepStrictEqual(logits.length, example.classes);
  ok(logits.every(Number.isFinite), "a logit is not finite");
  head.dispose();
  tf.dispose(features as Record<string, tf.Tensor>);
}

function checkEvaluation(example: HeadExample): Promise<void> {
  return withHead(example, async (head, features) => {
    const before = await saveHead(head);
    const together = await logitsOf(head, features);
    const first = firstRow(features);
    const alone = await logitsOf(head, first);
    tf.dispose(first as Record<string, tf.Tensor>);
    const scale = Math.max(...together.map(Math.abs));
    alone.forEach((logit, i) => {
      ok(Math.abs(logit - together[i]!) <= ROUNDING * scale, "a sample's logits depend on its batch");
    });
    deepStrictEqual((await saveHead(head)).tensors, before.tensors, "evaluation changed the head");
  });
}

function firstRow(features: Features): Features {
  return Object.fromEntries(Object.entries(features).map(([name, maps]) => [name, tf.slice(maps, 0, 1)]));
}

async function checkSeed(example: HeadExample): Promise<void> {
  const [first, again, other] = [build(example, 1), build(example, 1), build(example, 2)];
  const tensors = async (head: Head) => (await saveHead(head)).tensors;
  deepStrictEqual(await tensors(again), await tensors(first));
  notDeepStrictEqual(await tensors(other), await tensors(first));
  for (const head of [first, again, other]) head.dispose();
}

function checkFlat(example: HeadExample): Promise<void> {
  return withHead(example, async (head, features) => {
    const flat = Object.fromEntries(
      Object.entries(features).map(([name, maps]) => [name, tf.reshape(maps, [BATCH, -1])]),
    );
    deepStrictEqual(await logitsOf(head, flat), await logitsOf(head, features));
    tf.dispose(flat);
  });
}

async function checkMemory(example: HeadExample): Promise<void> {
  const before = tf.memory().numTensors;
  await withHead(example, async (head, features) => {
    const held = tf.memory().numTensors;
    for (const training of [true, false]) head.forward(features, { training }).dispose();
    deepStrictEqual(tf.memory().numTensors, held, "forward leaves tensors behind");
  });
  deepStrictEqual(tf.memory().numTensors, before, "dispose leaves variables behind");
}
