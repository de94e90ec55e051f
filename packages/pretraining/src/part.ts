/** A part of a step's batch on its way to the engine: images mirrored and scaled, noise and timesteps drawn. */
import { DifftapError, elementCount } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { Schedule } from "@difftap/scheduler";
import { type Coefficients, coefficientsAt } from "./coefficients.js";
import { drawMirrored, drawNoise, type Places, type StepAddress } from "./draws.js";
import type { ResolvedPretrainingRecipe } from "./recipe.js";
import type { TrainingImages } from "./source.js";

/** On the host. */
export interface Part {
  readonly places: Places;
  /** x_0 in [−1, 1] and ε, both of `shape`. */
  readonly xStart: Float32Array;
  readonly noise: Float32Array;
  readonly shape: readonly number[];
  readonly labels: Int32Array;
}

/** Draws what belongs to these places; done while the engine is still busy with the step before. */
export function preparePart(
  { images, labels }: TrainingImages,
  places: Places,
  address: StepAddress,
  { flip }: Pick<ResolvedPretrainingRecipe, "flip">,
): Part {
  const [, ...sample] = images.shape;
  const mirrored = drawMirrored(address, places, flip);
  const size = elementCount(sample);
  const xStart = new Float32Array(images.data.length);
  mirrored.forEach((flipped, row) => {
    const own = images.data.subarray(row * size, (row + 1) * size);
    writeScaled(own, xStart.subarray(row * size, (row + 1) * size), flipped ? sample.at(-1)! : undefined);
  });
  return { places, xStart, noise: drawNoise(address, places, size), shape: images.shape, labels };
}

/** pixel/127.5 − 1; mirrored where a width is given. */
function writeScaled(pixels: Uint8Array, out: Float32Array, width: number | undefined): void {
  if (width === undefined) {
    for (let i = 0; i < pixels.length; i++) out[i] = pixels[i]! / 127.5 - 1;
    return;
  }
  for (let row = 0; row < pixels.length; row += width) {
    for (let x = 0; x < width; x++) out[row + x] = pixels[row + width - 1 - x]! / 127.5 - 1;
  }
}

export interface EnginePart {
  readonly xStart: tf.Tensor;
  readonly noise: tf.Tensor;
  readonly coefficients: Coefficients;
  /** As the network is fed. */
  readonly timesteps: tf.Tensor1D;
  readonly labels?: tf.Tensor1D;
  /** Of each sample's loss. */
  readonly weights: tf.Tensor1D;
}

export interface PartOnSchedule {
  readonly schedule: Schedule;
  readonly recipe: ResolvedPretrainingRecipe;
  /** Indices of the schedule, one for each image. */
  readonly timesteps: Int32Array;
  readonly weights: Float32Array;
  /** Of the network; null: unconditional. */
  readonly classes: number | null;
}

/**
 * Puts a part on the engine; it lives as long as the tidy that it is made in.
 * @throws DifftapError LABELS_MISMATCH for a label that a class-conditional network does not have.
 */
export function toEngine(
  part: Part,
  { schedule, recipe, timesteps, weights, classes }: PartOnSchedule,
): EnginePart {
  const fed = Float32Array.from(timesteps, (t) => schedule.networkTimesteps[t]!);
  return {
    xStart: tf.tensor(part.xStart, [...part.shape]),
    noise: tf.tensor(part.noise, [...part.shape]),
    coefficients: coefficientsAt(schedule, recipe, timesteps),
    timesteps: tf.tensor1d(fed),
    ...(classes !== null && { labels: tf.tensor1d(checkedLabels(part.labels, classes), "int32") }),
    weights: tf.tensor1d(weights),
  };
}

function checkedLabels(labels: Int32Array, classes: number): Int32Array {
  const wrong = labels.find((label) => label < 0 || label >= classes);
  if (wrong === undefined) return labels;
  throw new DifftapError("LABELS_MISMATCH", `class ${wrong} in a network of classes 0 … ${classes - 1}`, {
    hint: "give a set with labels and as many classes, or an unconditional architecture",
    details: { label: wrong, classes },
  });
}
