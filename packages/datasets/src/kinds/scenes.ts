/** Synthetic scenes as a dataset: any number, any size, nothing on disk. */
import { encodeMask } from "@difftap/core";
import { z } from "zod";
import type { AnnotatedObject, DetectionDataset, LabelMap, SegmentationDataset } from "../annotations.js";
import { checkIndex } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { fingerprint } from "../files/fingerprint.js";
import type { SceneObject } from "../scenes/annotate.js";
import {
  renderScene,
  type Scene,
  sceneClasses,
  sceneFineClasses,
  sceneFineLabel,
  sceneSizes,
} from "../scenes/render.js";
import { textures } from "../scenes/textures.js";

/** Raised whenever a change makes other pixels of the same seed. */
const GENERATOR_VERSION = 1;

export interface ScenesSpec {
  readonly count: number;
  /** Side in pixels, 32 when absent. */
  readonly size?: number | undefined;
  /** 0 when absent. Scenes of different seeds have nothing in common: take another for the test set. */
  readonly seed?: number | undefined;
  /** "shape" (10 classes, the default) or "fine" (50: shape and texture). */
  readonly labels?: "shape" | "fine" | undefined;
}

export interface SceneDataset extends DetectionDataset, SegmentationDataset {
  /** Pixels with class, fine-grained class, boxes, instance masks and label map. */
  scene(index: number): Scene;
}

/** In label maps; scenes have no such pixels. */
const IGNORE = 255;

/**
 * Opens scenes. An id is `scene-SEED-INDEX`; the digest covers the spec and the generator's version. Objects are those of
 * `renderScene`, with masks; a category's id is its label + 1. Label maps have 0 for the background and label + 1 for objects.
 */
export async function openScenes(spec: ScenesSpec): Promise<SceneDataset> {
  const { count, size = 32, seed = 0, labels = "shape" } = spec;
  const name = `scenes-${seed}`;
  const fine = labels === "fine";
  const classes = fine ? sceneFineClasses : sceneClasses;
  const scene = rememberRecent((index) => {
    checkIndex(index, count, name);
    return renderScene({ seed, index, size });
  });
  return {
    name,
    length: count,
    classes,
    digest: fingerprint(["scenes", GENERATOR_VERSION, count, size, seed, labels]),
    id: (index) => `scene-${seed}-${index}`,
    label: (index) => {
      const fineLabel = sceneFineLabel(seed, index);
      return fine ? fineLabel : Math.floor(fineLabel / textures.length);
    },
    read: async (index) => ({
      kind: "pixels",
      pixels: scene(index).pixels,
      width: size,
      height: size,
      source: `${name}, image ${index}`,
    }),
    scene,
    categories: classes.map((category, label) => ({ id: label + 1, name: category })),
    imageSize: async () => ({ height: size, width: size }),
    objects: async (index) => scene(index).objects.map((object) => annotated(object, size, fine)),
    labelNames: ["background", ...classes],
    ignore: IGNORE,
    labelMap: async (index) => mapOf(scene(index), fine),
  };
}

/** Scenes kept for those who ask for pixels, then for objects: as many as a loader works on at once. */
const RECENT = 8;

function rememberRecent(draw: (index: number) => Scene): (index: number) => Scene {
  const recent = new Map<number, Scene>();
  return (index) => {
    const scene = recent.get(index) ?? draw(index);
    recent.set(index, scene);
    const [oldest] = recent.keys();
    if (recent.size > RECENT) recent.delete(oldest!);
    return scene;
  };
}

function annotated(
  { label, fineLabel, box, mask }: SceneObject,
  size: number,
  fine: boolean,
): AnnotatedObject {
  return {
    label: fine ? fineLabel : label,
    box,
    area: mask.reduce((sum, covered) => sum + covered, 0),
    crowd: false,
    difficult: false,
    mask: encodeMask(mask, { height: size, width: size }),
  };
}

function mapOf({ size, labelMap, objects }: Scene, fine: boolean): LabelMap {
  if (!fine) return { height: size, width: size, data: labelMap };
  const data = new Uint8Array(size * size);
  for (const { mask, fineLabel } of objects) {
    for (let pixel = 0; pixel < data.length; pixel++) if (mask[pixel] === 1) data[pixel] = fineLabel + 1;
  }
  return { height: size, width: size, data };
}

const whole = z.coerce.number().int();

export const scenes = defineDataset<ScenesSpec>({
  kind: "scenes",
  usage: "scenes:count=2000,size=32,seed=1",
  takesPath: false,
  options: ["count", "size", "seed", "labels"],
  schema: z.strictObject({
    count: whole.min(1).max(2 ** 31),
    size: whole.min(sceneSizes.min).max(sceneSizes.max).optional(),
    seed: whole.min(0).optional(),
    labels: z.enum(["shape", "fine"]).optional(),
  }),
  open: openScenes,
  openDetection: openScenes,
  openSegmentation: openScenes,
});
