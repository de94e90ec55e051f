/** Pictures in the course of pretraining: `samples/step-00001000.png`, from the same noise each time. */
import { join } from "node:path";
import { writeFileAtomic } from "@difftap/core";
import { pictureGrid, type SampleGrids } from "@difftap/pretraining";
import type { Duration } from "@difftap/trainer";
import { encode } from "fast-png";
import type { BackboneSettings } from "./backbone-settings.js";

/** The newest grid. */
export interface DrawnGrid {
  readonly step: number;
  readonly png: Uint8Array;
  readonly seconds: number;
}

export interface GridWriter {
  /** What the training is told; undefined where no pictures are wanted. */
  readonly grids: SampleGrids | undefined;
  newest(): DrawnGrid | undefined;
}

/** Steps that no training reaches: pictures at the end only. */
const NEVER: Duration = { steps: Number.MAX_SAFE_INTEGER };

export function gridWriter(
  { samples: count, sampleSteps, samplesEvery, seed, out }: BackboneSettings,
  size: number,
): GridWriter {
  let newest: DrawnGrid | undefined;
  const write: SampleGrids["write"] = async (step, images, seconds) => {
    const { width, height, data } = pictureGrid(images);
    const png = encode({ width, height, channels: 3, depth: 8, data });
    await writeFileAtomic(join(out, "samples", `step-${String(step).padStart(8, "0")}.png`), png);
    newest = { step, png, seconds };
  };
  const grids = { every: samplesEvery ?? NEVER, count, steps: sampleSteps, seed, size, write };
  return { grids: count === 0 ? undefined : grids, newest: () => newest };
}
