/**
 * Builds segmenters from data.
 *
 * ```ts
 * import { createSegmenter } from "@difftap/segmentation";
 *
 * const tap = { name: "t90/b09", block: 9, timestep: 90, channels: 64, height: 32, width: 32 };
 * const request = { segmenter: "per-pixel", spec: { width: 64 }, taps: [tap], classes: 11, ignore: 255, seed: 0 };
 * const segmenter = createSegmenter(request);
 * const { crossEntropy } = segmenter.objective({ "t90/b09": maps, labelMap }, { training: true });
 * const scores = segmenter.predict({ "t90/b09": maps }, { height: 360, width: 480 });
 * ```
 */
import { DifftapError } from "@difftap/core";
import { type Features, type ForwardOptions, type HeadTap, mapsOf, parseSpec } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import type { MapSize, SegmenterDefinition, SegmenterParts } from "./definition.js";
import { labelMapEntry } from "./label-maps.js";
import { findSegmenter, segmenters } from "./registry.js";
import { type LabelRange, type PixelTargets, pixelTargets } from "./targets.js";

export interface SegmenterRequest {
  /** A name of the registry. */
  readonly segmenter: string;
  /** Checked against the segmenter's schema; defaults are filled in. */
  readonly spec?: unknown;
  readonly taps: readonly HeadTap[];
  readonly classes: number;
  /** The value of label maps that counts nowhere. */
  readonly ignore: number;
  readonly seed: number | bigint;
}

/** Everything a segmenter is but its numbers: plain JSON, saved beside the weights. */
export type SegmenterDescription = Required<Omit<SegmenterRequest, "seed">>;

/** Can be trained as it is: an `ObjectiveModel` of @difftap/trainer. */
export interface Segmenter {
  readonly description: SegmenterDescription;
  /** The features that it takes, beside the label maps. Maps may be of another height and width. */
  readonly inputs: readonly HeadTap[];
  /** What is trained, by PyTorch's names. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** What is kept but not trained. */
  readonly buffers: ReadonlyMap<string, tf.Variable>;
  /**
   * How much speaks for each class at each pixel, [N, classes, height, width]: not negative, and the largest is the prediction.
   * `per-pixel` gives probabilities. The caller disposes it.
   * @throws DifftapError REQUEST_INVALID for features of other taps or channels.
   */
  predict(features: Features, size: MapSize): tf.Tensor4D;
  /**
   * The terms whose sum is minimised, each with its weight. Features hold, beside the maps, `labelMap` [N, height, width]: what each
   * pixel shows, 0 … classes − 1 or `ignore`, at the size that predictions are wanted in. The caller disposes them.
   * @throws as `predict`.
   */
  objective(features: Features, options: ForwardOptions): Readonly<Record<string, tf.Scalar>>;
  dispose(): void;
}

/**
 * A segmenter with fresh parameters. The same request gives the same parameters.
 * @throws DifftapError CONFIG_INVALID for an unknown segmenter, a spec its schema refuses, fewer than two classes; REQUEST_INVALID for
 * taps that it does not take.
 */
export function createSegmenter(
  { seed, ...request }: SegmenterRequest,
  definitions: readonly SegmenterDefinition[] = segmenters,
): Segmenter {
  const { taps, classes } = request;
  const definition = findSegmenter(request.segmenter, definitions);
  const spec = parseSpec(definition, request.spec ?? {}, "segmenter");
  if (!Number.isInteger(classes) || classes < 2) {
    throw new DifftapError("CONFIG_INVALID", `a segmenter for ${classes} classes: at least 2 are needed`);
  }
  const parts = definition.build({ spec, taps, classes, seed });
  return assemble(parts, { ...request, segmenter: definition.name, spec });
}

function assemble(parts: SegmenterParts, description: SegmenterDescription): Segmenter {
  const { taps } = description;
  const { variables, buffers = new Map<string, tf.Variable>() } = parts;
  return {
    description,
    inputs: taps,
    variables,
    buffers,
    predict: (features, size) => tf.tidy(() => parts.predict(mapsOf(features, taps, "any"), size)),
    objective: (features, options) =>
      tf.tidy(() =>
        parts.objective(mapsOf(features, taps, "any"), targetsOf(features, description), options),
      ),
    dispose() {
      for (const variable of [...variables.values(), ...buffers.values()]) variable.dispose();
    },
  };
}

function targetsOf(features: Features, range: LabelRange): PixelTargets {
  const labelMaps = features[labelMapEntry];
  if (labelMaps?.rank === 3) return pixelTargets(labelMaps as tf.Tensor3D, range);
  const found = labelMaps ? `of shape [${labelMaps.shape.join(", ")}]` : "that the features do not hold";
  throw new DifftapError("REQUEST_INVALID", `a segmenter learns from ${labelMapEntry}, ${found}`, {
    hint: "stackLabelMaps makes it: [N, height, width]",
    details: { present: Object.keys(features) },
  });
}
