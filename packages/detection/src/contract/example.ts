/** What the checks of the contract have in common: a detector under test, images and objects for it, one step of training. */
import { encodeMask } from "@difftap/core";
import type { Features, HeadTap } from "@difftap/heads";
import { exampleFeatures } from "@difftap/heads/testing";
import * as tf from "@tensorflow/tfjs-core";
import { createDetector, type Detector } from "../create.js";
import type { DetectorDefinition } from "../definition.js";
import type { Detection, OriginalImage } from "../prediction/detection.js";
import type { ImageSize } from "../pyramid.js";
import type { TrainingObject } from "../targets/objects.js";
import { stackTargets } from "../targets/stack.js";

export interface DetectorExample {
  readonly definition: DetectorDefinition;
  readonly spec: unknown;
  readonly taps: readonly HeadTap[];
  readonly image: ImageSize;
  readonly classes: number;
}

export interface ContractCheck {
  readonly name: string;
  /** Rejects with an assertion error when the detector does not hold to it. */
  readonly check: (example: DetectorExample) => Promise<void>;
}

export const BATCH = 3;
const LEARNING_RATE = 0.05;

/** Sides of an image's objects over its own, so that every level of a pyramid has some. */
const SHARES = [1, 0.6, 0.4, 0.25, 0.15, 0.1];

export function build({ definition, ...request }: DetectorExample, seed = 1): Detector {
  return createDetector({ ...request, detector: definition.name, seed }, [definition]);
}

/** Squares with masks, from the whole image to a tenth of it, along its diagonal; another class each. */
export function exampleObjects(
  { image, classes }: Pick<DetectorExample, "image" | "classes">,
  shift = 0,
): TrainingObject[] {
  return SHARES.map((share, index) => {
    const [width, height] = [image.width * share, image.height * share];
    const along = ((index + shift) % SHARES.length) / SHARES.length;
    const [left, top] = [(image.width - width) * along, (image.height - height) * along];
    const inside = (at: number, first: number, length: number) =>
      at + 0.5 > first && at + 0.5 < first + length;
    const pixels = Uint8Array.from({ length: image.height * image.width }, (_, pixel) => {
      const [row, column] = [Math.floor(pixel / image.width), pixel % image.width];
      return inside(row, top, height) && inside(column, left, width) ? 1 : 0;
    });
    return { label: index % classes, box: [left, top, width, height], mask: encodeMask(pixels, image) };
  });
}

/** The targets of a batch on the engine. */
export function exampleTargets(
  detector: Detector,
  images: readonly (readonly TrainingObject[])[],
): Record<string, tf.Tensor> {
  const stacked = stackTargets(images.map((objects) => detector.targets(objects)));
  return Object.fromEntries(
    Object.entries(stacked).map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
  );
}

/** The images of the batch, each of another size than what is fed. */
export function originals({ image }: DetectorExample, batch = BATCH): OriginalImage[] {
  return Array.from({ length: batch }, (_, index) => {
    const scale = 0.5 + index / 4;
    const [height, width] = [Math.floor(image.height / scale), Math.floor(image.width / scale)];
    return { image: 100 + index, height, width, scale };
  });
}

/** Runs a check with a fresh detector, features and targets, and disposes them. */
export async function withDetector(
  example: DetectorExample,
  work: (detector: Detector, features: Features) => Promise<void>,
): Promise<void> {
  const detector = build(example);
  const objects = Array.from({ length: BATCH }, (_, index) => exampleObjects(example, index));
  const features = {
    ...exampleFeatures(detector.inputs, { batch: BATCH }),
    ...exampleTargets(detector, objects),
  };
  try {
    await work(detector, features);
  } finally {
    detector.dispose();
    tf.dispose(features);
  }
}

/** An untrained detector is sure of nothing: all it has is asked for. */
export function detectAll(detector: Detector, example: DetectorExample, features: Features, batch = BATCH) {
  return detector.predict(features, originals(example, batch), { minScore: 0, limit: 20 });
}

/** Numbers of detections, for comparisons. */
export function numbersOf(detections: readonly Detection[]): number[] {
  return detections.flatMap(({ label, score, box, mask }) => [
    ...[label, score, ...box],
    ...(mask ? mask.counts : []),
  ]);
}

/** Of the sum of all terms, by variable; the caller disposes them. */
export function gradientsOf(detector: Detector, features: Features): tf.NamedTensorMap {
  return tf.tidy(() => {
    const loss = () => tf.addN(Object.values(detector.objective(features, { training: true }))) as tf.Scalar;
    return tf.variableGrads(loss, [...detector.variables.values()]).grads;
  });
}

/** One step down the gradient. */
export function trainStep(detector: Detector, features: Features): void {
  tf.tidy(() => {
    const gradients = gradientsOf(detector, features);
    for (const variable of detector.variables.values()) {
      const gradient = gradients[variable.name];
      if (gradient) variable.assign(tf.sub(variable, tf.mul(gradient, LEARNING_RATE)));
    }
  });
}
