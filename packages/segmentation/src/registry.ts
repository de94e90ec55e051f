/** Every segmenter of this package. A new one is a file in definitions/, a line here, and passes the contract suite. */
import { findNamed } from "@difftap/heads";
import type { SegmenterDefinition } from "./definition.js";
import { maskClassification } from "./definitions/mask-classification.js";
import { perPixel } from "./definitions/per-pixel.js";

export const segmenters: readonly SegmenterDefinition[] = [perPixel, maskClassification];

/**
 * The segmenter of that name.
 * @throws DifftapError CONFIG_INVALID with the nearest name and the list.
 */
export function findSegmenter(
  name: string,
  definitions: readonly SegmenterDefinition[] = segmenters,
): SegmenterDefinition {
  return findNamed("segmenter", name, definitions);
}
