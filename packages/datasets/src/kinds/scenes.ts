/** Synthetic scenes as a dataset: any number, any size, nothing on disk. */
import { z } from "zod";
import { checkIndex, type ImageDataset } from "../dataset.js";
import { defineDataset } from "../definition.js";
import { fingerprint } from "../files/fingerprint.js";
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

export interface SceneDataset extends ImageDataset {
  /** Pixels with class, fine-grained class, boxes, instance masks and label map. */
  scene(index: number): Scene;
}

/** Opens scenes. An id is `scene-SEED-INDEX`; the digest covers the spec and the generator's version. */
export async function openScenes(spec: ScenesSpec): Promise<SceneDataset> {
  const { count, size = 32, seed = 0, labels = "shape" } = spec;
  const name = `scenes-${seed}`;
  const scene = (index: number): Scene => {
    checkIndex(index, count, name);
    return renderScene({ seed, index, size });
  };
  return {
    name,
    length: count,
    classes: labels === "fine" ? sceneFineClasses : sceneClasses,
    digest: fingerprint(["scenes", GENERATOR_VERSION, count, size, seed, labels]),
    id: (index) => `scene-${seed}-${index}`,
    label: (index) => {
      const fine = sceneFineLabel(seed, index);
      return labels === "fine" ? fine : Math.floor(fine / textures.length);
    },
    read: async (index) => ({
      kind: "pixels",
      pixels: scene(index).pixels,
      width: size,
      height: size,
      source: `${name}, image ${index}`,
    }),
    scene,
  };
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
});
