/** Which location learns which object: strategies as data. */
import { adaptiveSelection } from "./adaptive-selection.js";
import { centreSampling } from "./centre-sampling.js";
import type { AssignmentGrid } from "./grid.js";
import type { TrainingObject } from "./objects.js";

/**
 * `centre`: FCOS's centre sampling, locations within `radius` strides of an object's centre. `atss`: adaptive training sample selection,
 * out of the `candidates` nearest to it on each level.
 */
export type Assignment =
  | { readonly kind: "centre"; readonly radius: number }
  | { readonly kind: "atss"; readonly candidates: number };

/** For each location the index of the object that it learns, or BACKGROUND. Ignored objects are nobody's. */
export function assignObjects(
  assignment: Assignment,
  grid: AssignmentGrid,
  objects: readonly TrainingObject[],
): Int32Array {
  return assignment.kind === "centre"
    ? centreSampling(assignment.radius, grid, objects)
    : adaptiveSelection(assignment.candidates, grid, objects);
}
