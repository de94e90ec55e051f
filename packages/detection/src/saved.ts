/** A detector as data: its description and its tensors, ready for a safetensors file with JSON beside it, as heads are. */
import { assignTensors, type SavedHead, saveHead } from "@difftap/heads";
import { createDetector, type Detector, type DetectorDescription } from "./create.js";
import type { DetectorDefinition } from "./definition.js";
import { detectors } from "./registry.js";

export type SavedDetector = SavedHead<DetectorDescription>;

/** Reads parameters and buffers out of the engine. */
export function saveDetector(detector: Detector): Promise<SavedDetector> {
  return saveHead(detector);
}

/**
 * Builds the described detector with the saved numbers.
 * @throws DifftapError as `createDetector`; WEIGHTS_MISMATCH listing every missing, surplus and wrongly shaped tensor.
 */
export function restoreDetector(
  { description, tensors }: SavedDetector,
  definitions: readonly DetectorDefinition[] = detectors,
): Detector {
  const detector = createDetector({ ...description, seed: 0 }, definitions);
  try {
    assignTensors(detector, tensors, `detector ${description.detector}`);
  } catch (error) {
    detector.dispose();
    throw error;
  }
  return detector;
}
