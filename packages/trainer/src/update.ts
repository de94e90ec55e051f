/** What becomes of gradients: they are clipped, the optimiser takes them, averages follow. */
import type { tf } from "@difftap/engine";
import type { Average } from "./average.js";
import type { Optimizer, StepNumbers } from "./optimizer.js";

export interface Updating {
  readonly optimizer: Optimizer;
  readonly averages: readonly Average[];
  /** Not clipped where undefined. */
  readonly clipNorm: number | undefined;
}

/**
 * Records one step on the engine and reads nothing; `step` counts from 1. Called inside a tidy. Gives the gradients' global norm before
 * clipping, undefined where nothing is clipped.
 * @throws DifftapError NUMERIC for a parameter without a gradient.
 */
export function recordUpdate(
  { optimizer, averages, clipNorm }: Updating,
  gradients: ReadonlyMap<string, tf.Tensor>,
  numbers: StepNumbers,
): tf.Scalar | undefined {
  const norm = optimizer.update(gradients, numbers, clipNorm);
  for (const average of averages) average.update(numbers.step);
  return norm;
}
