/** What the mask branch learns from: a fixed number of locations per image, and the mask of each one's object. Plain arrays. */
import { decodeMask, ndarray, type RunLengthMask } from "@difftap/core";
import type { PyramidLevel } from "../pyramid.js";
import { denseNames, type Targets } from "./dense-targets.js";
import { BACKGROUND } from "./grid.js";
import type { TrainingObject } from "./objects.js";

/** Names among the features. For one image; a batch has one more axis in front. */
export const maskNames = {
  /** [samples]: locations. */
  locations: "targets/masks/locations",
  /** [samples]: 1, or 0 where the image has too few locations with masks. */
  weights: "targets/masks/weights",
  /** [samples, cells]: 1 where a cell's centre lies in the object. */
  pixels: "targets/masks/pixels",
} as const;

export interface MaskSampling {
  /** Locations per image. */
  readonly samples: number;
  /** Of the masks that are predicted. */
  readonly grid: PyramidLevel;
}

/**
 * Takes the locations nearest to their objects' centres, one of each object in turn.
 * @param dense what `denseTargets` made of the same owners.
 */
export function maskTargets(
  owners: Int32Array,
  dense: Targets,
  objects: readonly TrainingObject[],
  { samples, grid }: MaskSampling,
): Targets {
  const cells = grid.height * grid.width;
  const locations = new Float32Array(samples);
  const weights = new Float32Array(samples);
  const pixels = new Float32Array(samples * cells);
  const masks = new Map<number, Float32Array>();
  const chosen = inTurn(owners, dense[denseNames.centreness]!.data, objects).slice(0, samples);
  for (const [sample, location] of chosen.entries()) {
    const owner = owners[location]!;
    const mask = masks.get(owner) ?? sampleMask(objects[owner]!.mask!, grid);
    masks.set(owner, mask);
    locations[sample] = location;
    weights[sample] = 1;
    pixels.set(mask, sample * cells);
  }
  return {
    [maskNames.locations]: ndarray("float32", [samples], locations),
    [maskNames.weights]: ndarray("float32", [samples], weights),
    [maskNames.pixels]: ndarray("float32", [samples, cells], pixels),
  };
}

/** Locations of objects with masks: each object's most central one, then each one's second, and so on. */
function inTurn(owners: Int32Array, centreness: Float32Array, objects: readonly TrainingObject[]): number[] {
  const byObject = new Map<number, number[]>();
  for (let location = 0; location < owners.length; location++) {
    const owner = owners[location]!;
    if (owner === BACKGROUND || !objects[owner]!.mask) continue;
    const own = byObject.get(owner) ?? [];
    own.push(location);
    byObject.set(owner, own);
  }
  const queues = [...byObject].sort(([a], [b]) => a - b).map(([, own]) => own);
  for (const own of queues) own.sort((a, b) => centreness[b]! - centreness[a]! || a - b);
  const rounds = Math.max(0, ...queues.map((own) => own.length));
  return Array.from({ length: rounds }, (_, round) => queues.flatMap((own) => own[round] ?? [])).flat();
}

/** The mask at the centres of the grid's cells. */
function sampleMask(mask: RunLengthMask, { stride, height, width }: PyramidLevel): Float32Array {
  const pixels = decodeMask(mask);
  const sampled = new Float32Array(height * width);
  const pixelAt = (cell: number, side: number) => Math.min(side - 1, Math.floor((cell + 0.5) * stride));
  for (let cell = 0; cell < sampled.length; cell++) {
    const row = pixelAt(Math.floor(cell / width), mask.height);
    sampled[cell] = pixels[row * mask.width + pixelAt(cell % width, mask.width)]!;
  }
  return sampled;
}
