/** What a head gives: logits, and where it can, what it looked at. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { isDifftapError } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Head } from "../create.js";
import type { AttentionMap, ReadMap } from "../definition.js";
import type { Features, HeadTap } from "../tap.js";
import { BATCH, type HeadExample, logitsOf, withHead } from "./example.js";

/** Float32 sums in another order. */
const ROUNDING = 1e-5;

export function checkShapes(example: HeadExample): Promise<void> {
  return withHead(example, async (head, features) => {
    for (const training of [false, true]) {
      const logits = head.forward(features, { training });
      deepStrictEqual(logits.shape, [BATCH, example.classes]);
      ok((await logits.data()).every(Number.isFinite), "a logit is not finite");
      logits.dispose();
    }
  });
}

/** In training a head may refuse a single sample, which has no batch statistics, but not give nonsense. */
export function checkSingle(example: HeadExample): Promise<void> {
  const check = async (head: Head, features: Features) => {
    for (const training of [false, true]) {
      const logits = await logitsOf(head, features, training).catch((error) => {
        if (training && isDifftapError(error)) return undefined;
        throw error;
      });
      if (!logits) continue;
      deepStrictEqual(logits.length, example.classes);
      ok(logits.every(Number.isFinite), "a logit is not finite");
    }
  };
  return withHead(example, check, 1);
}

export function checkFlat(example: HeadExample): Promise<void> {
  return withHead(example, async (head, features) => {
    const flat = Object.fromEntries(
      Object.entries(features).map(([name, maps]) => [name, tf.reshape(maps, [BATCH, -1])]),
    );
    deepStrictEqual(await logitsOf(head, flat), await logitsOf(head, features));
    tf.dispose(flat);
  });
}

/** Attention maps and tap weights are optional; a head that has them has them for all its taps. */
export function checkExplained(example: HeadExample): Promise<void> {
  return withHead(example, async (head, features) => {
    await checkTapWeights(head, example.taps);
    const maps = head.attentionMaps?.(features);
    if (!maps) return;
    const places = (read: readonly ReadMap[]) => read.map(({ tap, pass = "" }) => `${tap} ${pass}`).sort();
    deepStrictEqual(places(maps), places(head.reads));
    const known = new Set(head.reads.map(({ tap }) => tap));
    deepStrictEqual([...known].sort(), example.taps.map(({ name }) => name).sort());
    for (const map of maps) await checkAttentionMap(map);
    for (const timestep of new Set(example.taps.map((tap) => tap.timestep))) {
      const names = new Set(example.taps.filter((tap) => tap.timestep === timestep).map(({ name }) => name));
      await checkAttentionSum(maps.filter(({ tap }) => names.has(tap)));
    }
    tf.dispose(maps);
  });
}

async function checkTapWeights(head: Head, taps: readonly HeadTap[]): Promise<void> {
  const weights = await head.tapWeights?.();
  if (!weights) return;
  deepStrictEqual(
    Object.keys(weights),
    taps.map(({ name }) => name),
  );
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0);
  ok(Math.abs(sum - 1) < ROUNDING, `the taps' weights sum to ${sum}`);
}

async function checkAttentionMap({ tap, height, width, weights }: AttentionMap): Promise<void> {
  const [batch, , , cells] = weights.shape;
  deepStrictEqual([batch, cells], [BATCH, height * width], `shape of the attention on ${tap}`);
  const values = await weights.data();
  ok(
    values.every((weight) => weight >= 0),
    `an attention weight on ${tap} is negative`,
  );
}

/** All taps of one timestep share the attention of one CLS token, which keeps the rest. */
async function checkAttentionSum(maps: readonly AttentionMap[]): Promise<void> {
  const total = tf.tidy(() => tf.addN(maps.map(({ weights }) => tf.sum(weights, 3))));
  const sums = await total.data();
  total.dispose();
  ok(
    sums.every((sum) => sum > 0 && sum < 1 + ROUNDING),
    "the attention of a timestep sums to more than 1",
  );
}
