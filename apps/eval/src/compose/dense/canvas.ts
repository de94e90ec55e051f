/** How images are laid out for a network. */
import type { Fit } from "@difftap/datasets";

export interface CanvasOptions {
  /** Of the canvas, in pixels. */
  readonly height: number;
  readonly width: number;
  readonly fit: Fit;
  /** Images at a time. */
  readonly batch: number;
}
