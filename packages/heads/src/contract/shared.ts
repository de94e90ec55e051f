/** What the contracts of heads, detectors and segmenters have in common: maps to try them on, and what holds of anything trained. */
import { deepStrictEqual, notDeepStrictEqual, ok } from "node:assert/strict";
import { elementCount, hashId, normals, streams } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import { type Saveable, saveHead } from "../saved.js";
import type { Features, HeadTap } from "../tap.js";

export interface ExampleSize {
  /** Samples. */
  readonly batch: number;
  /** Of the maps' sides, over those of the taps. */
  readonly scale?: number;
}

/** Normal noise by tap, the same at every call. */
export function exampleFeatures(
  taps: readonly HeadTap[],
  { batch, scale = 1 }: ExampleSize,
): Record<string, tf.Tensor> {
  const tensors = taps.map(({ name, channels, height, width }) => {
    const shape: [number, number, number, number] = [batch, channels, height * scale, width * scale];
    const values = normals({ seed: 3, stream: streams.noise, index: hashId(name) }, elementCount(shape));
    return [name, tf.tensor4d(values, shape)] as const;
  });
  return Object.fromEntries(tensors);
}

/** The first sample alone. */
export function firstRow(features: Features): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(features).map(([name, maps]) => [name, tf.slice(maps, 0, 1)]));
}

export function disposeFeatures(features: Features): void {
  tf.dispose(features as Record<string, tf.Tensor>);
}

/** Every parameter has a gradient, which is finite and not zero throughout. `gradients` are by the variables' own names. */
export async function requireGradients(
  { variables }: Pick<Saveable<unknown>, "variables">,
  gradients: tf.NamedTensorMap,
): Promise<void> {
  for (const [name, variable] of variables) {
    const gradient = gradients[variable.name];
    ok(gradient, `no gradient for ${name}`);
    const values = await gradient.data();
    ok(values.every(Number.isFinite), `the gradient of ${name} is not finite`);
    ok(
      values.some((each) => each !== 0),
      `the gradient of ${name} is zero`,
    );
  }
}

/** One seed gives the same numbers twice, another seed others. */
export async function requireSeed(
  build: (seed: number) => Saveable<unknown> & { dispose(): void },
): Promise<void> {
  const models = [build(1), build(1), build(2)] as const;
  const [first, again, other] = await Promise.all(models.map(tensorsOf));
  for (const model of models) model.dispose();
  deepStrictEqual(again, first);
  notDeepStrictEqual(other, first);
}

/** What comes of a training comes of it again, to the bit. */
export async function requireRepeatable(trained: () => Promise<unknown>): Promise<void> {
  deepStrictEqual(await trained(), await trained());
}

/** Parameters and buffers by name. */
export async function tensorsOf(model: Saveable<unknown>) {
  return (await saveHead(model)).tensors;
}
