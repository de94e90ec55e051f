/** From what the engine computed to objects: candidates, suppression, and the masks of those that stay. */
import * as tf from "@tensorflow/tfjs-core";
import { BOX_NUMBERS, type Box, decodeDistances } from "../boxes.js";
import type { DetectedImage, DetectionLimits } from "../definition.js";
import type { MaskBranch } from "../masks/mask-branch.js";
import type { ProbabilityMap } from "../masks/paste-mask.js";
import { selectRows, selectSharedRows } from "../masks/select-rows.js";
import { candidatesOf, type LocatedCandidates } from "../prediction/candidates.js";
import type { FoundObject } from "../prediction/detection.js";
import { suppressOverlaps } from "../prediction/suppression.js";

/** What FCOS leaves on the engine until its objects are known. */
export interface Inferred {
  /** [N, locations, classes] and [N, locations]: probabilities. */
  readonly classes: tf.Tensor3D;
  readonly quality: tf.Tensor2D;
  /** [N, locations, 4]. */
  readonly distances: tf.Tensor3D;
  /** [locations, 3]. */
  readonly places: tf.Tensor2D;
  /** [N, locations, numbers] and [N, H, W, channels], where there are masks. */
  readonly filters?: tf.Tensor3D;
  readonly maskFeatures?: tf.Tensor4D;
}

/** What stays of an image's candidates. */
interface Kept {
  readonly candidates: LocatedCandidates;
  readonly indices: Uint32Array;
}

export interface MaskReader {
  readonly branch: MaskBranch;
  /** Pixels between the cells of a mask. */
  readonly stride: number;
}

export async function detectObjects(
  inferred: Inferred,
  images: readonly DetectedImage[],
  limits: DetectionLimits,
  masks: MaskReader | undefined,
): Promise<FoundObject[][]> {
  const kept = await keptOf(inferred, images, limits);
  const boxes = kept.map(objectsOf);
  if (!masks || kept.every(({ indices }) => indices.length === 0)) return boxes;
  const maps = await masksOf(inferred, kept, masks);
  return boxes.map((objects, image) =>
    objects.map((object, index) => ({ ...object, mask: maps(image, index) })),
  );
}

async function keptOf(
  { classes, quality, distances, places }: Inferred,
  images: readonly DetectedImage[],
  limits: DetectionLimits,
): Promise<Kept[]> {
  const read = [classes, quality, distances, places].map(async (tensor) =>
    Float32Array.from(await tensor.data()),
  );
  const [allClasses, allQuality, allDistances, centres] = await Promise.all(read);
  const rowOf = (all: Float32Array | undefined, image: number) => {
    const length = all!.length / images.length;
    return all!.subarray(image * length, (image + 1) * length);
  };
  return images.map((image, index) => {
    const dense = {
      classes: rowOf(allClasses, index),
      quality: rowOf(allQuality, index),
      boxes: decodeDistances(rowOf(allDistances, index), centres!),
    };
    const candidates = candidatesOf(dense, { ...limits, ...image });
    return { candidates, indices: suppressOverlaps(candidates, limits) };
  });
}

function objectsOf({ candidates: { boxes, scores, labels }, indices }: Kept): FoundObject[] {
  return Array.from(indices, (index) => {
    const [left, top, right, bottom] = boxes.subarray(index * BOX_NUMBERS) as unknown as Box;
    return { label: labels[index]!, score: scores[index]!, box: [left, top, right - left, bottom - top] };
  });
}

/** Probabilities of every object that stays, by image and object. */
async function masksOf(
  { filters, maskFeatures, places }: Inferred,
  kept: readonly Kept[],
  { branch, stride }: MaskReader,
): Promise<(image: number, object: number) => ProbabilityMap> {
  const indices = locationsOf(kept);
  const probabilities = tf.tidy(() => {
    const chosen = tf.tensor2d(indices, [kept.length, indices.length / kept.length]);
    const located = selectSharedRows(places, chosen);
    return tf.sigmoid(branch.logits(maskFeatures!, selectRows(filters!, chosen), located));
  });
  const values = Float32Array.from(await probabilities.data());
  const [, objects, height, width] = probabilities.shape;
  probabilities.dispose();
  const cells = height * width;
  return (image, object) => {
    const first = (image * objects + object) * cells;
    return { height, width, stride, values: values.subarray(first, first + cells) };
  };
}

/**
 * Locations [N, objects] as float32. Every image has as many as the fullest, and that is a power of two, so that an engine which compiles
 * its graphs sees few shapes; what is too many points at location 0 and is not looked at.
 */
function locationsOf(kept: readonly Kept[]): Float32Array {
  const most = Math.max(...kept.map(({ indices }) => indices.length));
  const objects = 2 ** Math.ceil(Math.log2(most));
  const locations = new Float32Array(kept.length * objects);
  for (const [image, { candidates, indices }] of kept.entries()) {
    for (const [object, index] of indices.entries()) {
      locations[image * objects + object] = candidates.locations[index]!;
    }
  }
  return locations;
}
