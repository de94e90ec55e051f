/** A segmenter as data: its description and its tensors, ready for a safetensors file with JSON beside it. `saveHead` saves it. */
import { assignTensors, type SavedHead } from "@difftap/heads";
import { createSegmenter, type Segmenter, type SegmenterDescription } from "./create.js";
import type { SegmenterDefinition } from "./definition.js";
import { segmenters } from "./registry.js";

export type SavedSegmenter = SavedHead<SegmenterDescription>;

/**
 * Builds the described segmenter with the saved numbers.
 * @throws DifftapError as `createSegmenter`; WEIGHTS_MISMATCH listing every missing, surplus and wrongly shaped tensor.
 */
export function restoreSegmenter(
  { description, tensors }: SavedSegmenter,
  definitions: readonly SegmenterDefinition[] = segmenters,
): Segmenter {
  const segmenter = createSegmenter({ ...description, seed: 0 }, definitions);
  try {
    assignTensors(segmenter, tensors, `segmenter ${description.segmenter}`);
  } catch (error) {
    segmenter.dispose();
    throw error;
  }
  return segmenter;
}
