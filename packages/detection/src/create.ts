/**
 * Builds detectors from data.
 *
 * ```ts
 * import { createDetector, stackTargets } from "@difftap/detection";
 *
 * const tap = { name: "t50/b09", block: 9, timestep: 50, channels: 128, height: 16, width: 16 };
 * const spec = { neck: { name: "fpn", width: 64, extraLevels: 1 }, layers: 2 };
 * const image = { height: 128, width: 128 };
 * const detector = createDetector({ detector: "fcos", spec, taps: [tap], image, classes: 3, seed: 0 });
 * const targets = stackTargets([detector.targets([{ label: 2, box: [10, 20, 40, 30] }])]);
 * const terms = detector.objective({ "t50/b09": maps, ...onEngine(targets) }, { training: true });
 * const [found] = await detector.predict({ "t50/b09": maps }, [{ image: 0, height: 128, width: 128, scale: 1 }]);
 * ```
 */
import { DifftapError } from "@difftap/core";
import {
  type Features,
  type ForwardOptions,
  findNamed,
  type HeadTap,
  mapsOf,
  parseSpec,
} from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import type { DetectionLimits, DetectorDefinition, DetectorParts, TargetMaker } from "./definition.js";
import { type Detection, extentOf, type OriginalImage, toOriginal } from "./prediction/detection.js";
import type { ImageSize } from "./pyramid.js";
import { detectors } from "./registry.js";
import type { Targets } from "./targets/dense-targets.js";
import type { TrainingObject } from "./targets/objects.js";

export interface DetectorRequest {
  /** A name of the registry. */
  readonly detector: string;
  /** Checked against the detector's schema; defaults are filled in. */
  readonly spec?: unknown;
  readonly taps: readonly HeadTap[];
  /** Of the images as the backbone is fed them. Others will do later, where their maps have whole rows and columns. */
  readonly image: ImageSize;
  readonly classes: number;
  readonly seed: number | bigint;
}

/** Everything a detector is but its numbers: plain JSON, saved beside the weights. */
export type DetectorDescription = Required<Omit<DetectorRequest, "seed">>;

export interface PredictOptions extends Partial<DetectionLimits> {
  /** Boxes with a shorter side are dropped, in pixels of the original. */
  readonly minSide?: number;
}

/** Those of FCOS. */
const DEFAULTS = { minScore: 0.05, candidates: 1000, maxOverlap: 0.6, limit: 100, minSide: 1 };

/** Can be trained as it is: an `ObjectiveModel` of @difftap/trainer. */
export interface Detector {
  readonly description: DetectorDescription;
  /** The features that it takes, beside the targets. */
  readonly inputs: readonly HeadTap[];
  /** What is trained, by name. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** What is kept but not trained. */
  readonly buffers: ReadonlyMap<string, tf.Variable>;
  /**
   * What it learns from one image's objects, in plain arrays; `stackTargets` joins those of a batch. Their size is that of the description
   * unless given. `targetMaker` does the same without a detector.
   * @throws DifftapError LABELS_MISMATCH, DATA_REFUSED, REQUEST_INVALID
   */
  targets(objects: readonly TrainingObject[], image?: ImageSize): Targets;
  /**
   * The terms whose sum is minimised. Features hold the targets by their names beside the maps. The caller disposes them.
   * @throws DifftapError REQUEST_INVALID for features of other taps or channels, targets that are missing or of another size.
   */
  objective(features: Features, options: ForwardOptions): Readonly<Record<string, tf.Scalar>>;
  /**
   * The objects of each image, best first, in its own pixels.
   * @param images one for each of the N maps, in their order
   * @throws DifftapError REQUEST_INVALID for features of other taps or channels, and for another number of images.
   */
  predict(
    features: Features,
    images: readonly OriginalImage[],
    options?: PredictOptions,
  ): Promise<Detection[][]>;
  dispose(): void;
}

/** The detector of that name. @throws DifftapError CONFIG_INVALID with the nearest name and the list. */
export function findDetector(
  name: string,
  definitions: readonly DetectorDefinition[] = detectors,
): DetectorDefinition {
  return findNamed("detector", name, definitions);
}

/**
 * A detector with fresh parameters. The same request gives the same parameters.
 * @throws DifftapError CONFIG_INVALID for an unknown detector, a spec its schema refuses, no class; REQUEST_INVALID for taps that it does
 * not take.
 */
export function createDetector(
  { seed, ...request }: DetectorRequest,
  definitions: readonly DetectorDefinition[] = detectors,
): Detector {
  const definition = findDetector(request.detector, definitions);
  const description = describe(request, definition);
  const targets = definition.targets(description);
  return assemble(definition.build({ ...description, seed }), targets, description);
}

/**
 * A detector's `targets` without the detector: for workers that have no engine.
 * @throws DifftapError as `createDetector`
 */
export function targetMaker(
  request: Omit<DetectorRequest, "seed">,
  definitions: readonly DetectorDefinition[] = detectors,
): Detector["targets"] {
  const definition = findDetector(request.detector, definitions);
  const description = describe(request, definition);
  const make = definition.targets(description);
  return (objects, image = description.image) => make(objects, image);
}

function describe(
  { taps, image, classes, spec }: Omit<DetectorRequest, "seed">,
  definition: DetectorDefinition,
): DetectorDescription {
  if (!Number.isInteger(classes) || classes < 1) {
    throw new DifftapError("CONFIG_INVALID", `a detector for ${classes} classes: at least 1 is needed`);
  }
  const parsed = parseSpec(definition, spec ?? {}, "detector");
  return { detector: definition.name, spec: parsed, taps, image, classes };
}

function assemble(parts: DetectorParts, make: TargetMaker, description: DetectorDescription): Detector {
  const { taps, image: built } = description;
  const { variables, buffers = new Map<string, tf.Variable>() } = parts;
  const read = (features: Features) => mapsOf(features, taps, "any");
  return {
    description,
    inputs: taps,
    variables,
    buffers,
    targets: (objects, image = built) => make(objects, image),
    objective: (features, options) => tf.tidy(() => parts.objective(read(features), features, options)),
    async predict(features, images, options) {
      const { minSide, ...limits } = { ...DEFAULTS, ...options };
      checkImages(features, taps, images);
      const inferred = tf.tidy(() => parts.infer(read(features)));
      try {
        const asked = images.map((image) => ({
          extent: extentOf(image),
          minSide: fedLength(minSide, image),
        }));
        const found = await parts.detect(inferred, asked, limits);
        return found.map((objects, index) => objects.map((each) => toOriginal(each, images[index]!)));
      } finally {
        tf.dispose(inferred as Record<string, tf.Tensor>);
      }
    },
    dispose() {
      for (const variable of [...variables.values(), ...buffers.values()]) variable.dispose();
    },
  };
}

/** A length in the original's pixels in pixels of what was fed; the smaller one where the axes differ. */
function fedLength(length: number, { scale }: OriginalImage): number {
  return length * (typeof scale === "number" ? scale : Math.min(...scale));
}

function checkImages(features: Features, [tap]: readonly HeadTap[], images: readonly OriginalImage[]): void {
  const batch = tap && features[tap.name]?.shape[0];
  if (batch === undefined || batch === images.length) return;
  throw new DifftapError(
    "REQUEST_INVALID",
    `features of ${batch} images, but ${images.length} are described`,
    {
      details: { features: batch, images: images.length },
    },
  );
}
