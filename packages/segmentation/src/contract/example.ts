/** What the checks of the contract have in common: a segmenter under test, features and label maps for it, a step of training. */
import type { Features, HeadTap } from "@difftap/heads";
import { disposeFeatures, exampleFeatures } from "@difftap/heads/testing";
import * as tf from "@tensorflow/tfjs-core";
import { createSegmenter, type Segmenter } from "../create.js";
import type { MapSize, SegmenterDefinition } from "../definition.js";
import { labelMapEntry } from "../label-maps.js";

export interface SegmenterExample {
  readonly definition: SegmenterDefinition;
  readonly spec: unknown;
  readonly taps: readonly HeadTap[];
  readonly classes: number;
}

export interface ContractCheck {
  readonly name: string;
  /** Rejects with an assertion error when the segmenter does not hold to it. */
  readonly check: (example: SegmenterExample) => Promise<void>;
}

export const BATCH = 3;
export const IGNORE = 255;
/** Of label maps and scores; no multiple of any map's. */
export const SIZE: MapSize = { height: 11, width: 14 };
const LEARNING_RATE = 1e-3;

export function build({ definition, ...request }: SegmenterExample, seed = 1): Segmenter {
  return createSegmenter({ ...request, segmenter: definition.name, ignore: IGNORE, seed }, [definition]);
}

/** Label maps in stripes: each image lacks the last class, and ignores its first row. */
export function exampleLabels(classes: number): tf.Tensor3D {
  const { height, width } = SIZE;
  const values = Float32Array.from({ length: BATCH * height * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width) % height, i % width];
    return row === 0
      ? IGNORE
      : Math.floor((row + column + Math.floor(i / height / width)) / 4) % (classes - 1);
  });
  return tf.tensor3d(values, [BATCH, height, width]);
}

/** Runs a check with fresh features, their label maps among them, and a fresh segmenter, and disposes both. */
export async function withSegmenter(
  example: SegmenterExample,
  work: (segmenter: Segmenter, features: Features) => Promise<void>,
  labels: () => tf.Tensor3D = () => exampleLabels(example.classes),
): Promise<void> {
  const segmenter = build(example);
  const features = { ...exampleFeatures(segmenter.inputs, { batch: BATCH }), [labelMapEntry]: labels() };
  try {
    await work(segmenter, features);
  } finally {
    segmenter.dispose();
    disposeFeatures(features);
  }
}

export async function scoresOf(segmenter: Segmenter, features: Features): Promise<number[]> {
  const scores = segmenter.predict(features, SIZE);
  const values = Array.from(await scores.data());
  scores.dispose();
  return values;
}

/** The objective in training and its gradients by the variables' own names; the caller disposes them. */
export function gradientsOf(
  segmenter: Segmenter,
  features: Features,
): { readonly value: tf.Scalar; readonly grads: tf.NamedTensorMap } {
  const total = () => {
    const terms = segmenter.objective(features, { training: true });
    return tf.addN(Object.values(terms)) as tf.Scalar;
  };
  return tf.variableGrads(total, [...segmenter.variables.values()]);
}

/** One step down the gradient, as Adam's first is: all parameters by the same distance. Gives the objective before it. */
export async function trainStep(segmenter: Segmenter, features: Features): Promise<number> {
  const { value, grads } = gradientsOf(segmenter, features);
  tf.tidy(() => {
    for (const variable of segmenter.variables.values()) {
      const gradient = grads[variable.name];
      if (gradient) variable.assign(tf.sub(variable, tf.mul(tf.sign(gradient), LEARNING_RATE)));
    }
  });
  const [before] = await value.data();
  tf.dispose([value, grads]);
  return before!;
}
