/**
 * What a detector is. It reads maps of named taps and finds objects; it never sees images, files or the backbone. What it learns from is
 * computed beforehand, outside the engine, and comes to it beside the maps.
 */
import type { ForwardOptions, HeadTap, Maps, Parameters } from "@difftap/heads";
import type * as tf from "@tensorflow/tfjs-core";
import type { z } from "zod";
import type { FoundObject } from "./prediction/detection.js";
import type { ImageSize } from "./pyramid.js";
import type { Targets } from "./targets/dense-targets.js";
import type { TrainingObject } from "./targets/objects.js";

/** What a detector's targets follow from. */
export interface TargetContext<Spec> {
  readonly spec: Spec;
  /** What it is fed, in the order asked for. */
  readonly taps: readonly HeadTap[];
  /** Of the images that the taps' maps belong to. */
  readonly image: ImageSize;
  readonly classes: number;
}

export interface DetectorContext<Spec> extends TargetContext<Spec> {
  /** Decides the initial parameters. */
  readonly seed: number | bigint;
}

/**
 * What one image's objects are as targets, without the engine: arrays whose names and shapes depend on the image's size alone.
 * @throws DifftapError LABELS_MISMATCH, DATA_REFUSED for objects that cannot be learnt; REQUEST_INVALID for a size without maps.
 */
export type TargetMaker = (objects: readonly TrainingObject[], image: ImageSize) => Targets;

export interface DetectionLimits {
  /** A class less probable than this is not looked at. */
  readonly minScore: number;
  /** Boxes per image that are compared with each other, the best. */
  readonly candidates: number;
  /** A box goes that a better one of its class overlaps by more than this IoU. */
  readonly maxOverlap: number;
  /** Objects per image. */
  readonly limit: number;
}

/** One image of a batch: where in the maps it lies, and what is too small. In pixels of what was fed. */
export interface DetectedImage {
  readonly extent: ImageSize;
  readonly minSide: number;
}

export interface DetectorParts extends Parameters {
  /**
   * What is minimised is the sum of these terms. Called inside a tidy.
   * @param targets the arrays of the target maker by their names, on the engine, with an axis for the batch in front
   */
  objective(
    maps: Maps,
    targets: Readonly<Record<string, tf.Tensor>>,
    options: ForwardOptions,
  ): Readonly<Record<string, tf.Scalar>>;
  /** What objects are found from, on the engine, by names of its own; as in evaluation. Called inside a tidy. */
  infer(maps: Maps): Readonly<Record<string, tf.Tensor>>;
  /** The objects of each image, best first, out of what `infer` gave. It disposes what it makes, not what it is given. */
  detect(
    inferred: Readonly<Record<string, tf.Tensor>>,
    images: readonly DetectedImage[],
    limits: DetectionLimits,
  ): Promise<FoundObject[][]>;
}

export interface DetectorDefinition {
  readonly name: string;
  /** Checks a spec and fills in its defaults. The result is plain data. */
  readonly spec: z.ZodType;
  targets(context: TargetContext<unknown>): TargetMaker;
  build(context: DetectorContext<unknown>): DetectorParts;
}

/** Joins a name, the schema of its spec, its targets and what builds it; the spec's type follows from the schema. */
export function defineDetector<Schema extends z.ZodType>(definition: {
  readonly name: string;
  readonly spec: Schema;
  targets(context: TargetContext<z.output<Schema>>): TargetMaker;
  build(context: DetectorContext<z.output<Schema>>): DetectorParts;
}): DetectorDefinition {
  type Spec = z.output<Schema>;
  return {
    name: definition.name,
    spec: definition.spec,
    targets: (context) => definition.targets({ ...context, spec: context.spec as Spec }),
    build: (context) => definition.build({ ...context, spec: context.spec as Spec }),
  };
}
