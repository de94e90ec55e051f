/** A small linear model and a set it can learn. */
import { ndarray, normals } from "@difftap/core";
import { tf } from "@difftap/engine";
import { memorySource, type Recipe, type Trainable } from "../src/index.js";

export const DIMENSIONS = 6;
export const CLASSES = 3;

export interface LinearModel extends Trainable {
  weights(): number[];
  dispose(): void;
}

export function linearModel(description: unknown = { head: "linear" }): LinearModel {
  const initial = normals({ seed: 9, stream: 4 }, CLASSES * DIMENSIONS).map((each) => each / 10);
  const weight = tf.tidy(() => tf.variable(tf.tensor2d(initial, [CLASSES, DIMENSIONS])));
  const bias = tf.tidy(() => tf.variable(tf.zeros([CLASSES])));
  const variables = new Map<string, tf.Variable>([
    ["weight", weight],
    ["bias", bias],
  ]);
  return {
    variables,
    buffers: new Map(),
    description,
    forward: ({ x }) =>
      tf.tidy(() => tf.add(tf.matMul(x as tf.Tensor2D, weight, false, true), bias) as tf.Tensor2D),
    weights: () => [...weight.dataSync(), ...bias.dataSync()],
    dispose: () => tf.dispose([weight, bias]),
  };
}

export function learnable(n: number, seed = 1) {
  const labels = Int32Array.from({ length: n }, (_, i) => i % CLASSES);
  const values = normals({ seed, stream: 1 }, n * DIMENSIONS).map(
    (each, i) => each + (i % DIMENSIONS === labels[Math.floor(i / DIMENSIONS)] ? 2 : 0),
  );
  const x = ndarray("float32", [n, DIMENSIONS], values);
  return { x, labels, source: memorySource({ x }, labels) };
}

export const recipe = {
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-3 },
  learningRate: 0.05,
  schedule: { kind: "step", every: { epochs: 2 }, factor: 0.1 },
  duration: { epochs: 5 },
  batch: 16,
  seed: 3,
} as const satisfies Recipe;

/** Everything at once that a resumed training has to take up again. */
export const fullRecipe = {
  ...recipe,
  schedule: { kind: "cosine", final: 0.1 },
  warmUp: { steps: 4 },
  clipNorm: 0.5,
  labelSmoothing: 0.1,
  mixup: 0.4,
  ema: { decay: 0.8, warmUp: true },
  best: "loss",
} as const satisfies Recipe;
