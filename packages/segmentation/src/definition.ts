/**
 * What a segmenter is. It reads maps of named taps and says what each pixel shows; like a head, it never sees images, files or the
 * backbone.
 *
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { createConvolution } from "@difftap/heads";
 * import { crossEntropy, defineSegmenter, resizeChannelsLast } from "@difftap/segmentation";
 * import { z } from "zod";
 *
 * export default defineSegmenter({
 *   name: "linear-pixels",
 *   spec: z.strictObject({}),
 *   build({ taps: [tap], classes: outputs, seed }) {
 *     const size = { inputs: tap!.channels, outputs, kernel: 1, stride: 1, bias: true, seed };
 *     const classify = createConvolution("classify", size);
 *     const logits = (maps, size) =>
 *       resizeChannelsLast(classify.forward(tf.transpose(maps.get(tap!.name)!, [0, 2, 3, 1])), size);
 *     return {
 *       variables: classify.variables,
 *       predict: (maps, size) => tf.transpose(tf.softmax(logits(maps, size)), [0, 3, 1, 2]),
 *       objective: (maps, targets) => ({ crossEntropy: crossEntropy(logits(maps, targets.size), targets) }),
 *     };
 *   },
 * });
 * ```
 */
import type { ForwardOptions, HeadTap, Maps, Parameters } from "@difftap/heads";
import type * as tf from "@tensorflow/tfjs-core";
import type { z } from "zod";
import type { PixelTargets } from "./targets.js";

/** Rows and columns of a map or an image. */
export interface MapSize {
  readonly height: number;
  readonly width: number;
}

export interface SegmenterContext<Spec> {
  readonly spec: Spec;
  /** What it will be fed, in the order asked for. */
  readonly taps: readonly HeadTap[];
  readonly classes: number;
  /** Decides the initial parameters. */
  readonly seed: number | bigint;
}

export interface SegmenterParts extends Parameters {
  /**
   * How much speaks for each class at each pixel, [N, classes, height, width]: not negative, and the largest is the prediction. As in
   * evaluation. Called inside a tidy.
   */
  predict(maps: Maps, size: MapSize): tf.Tensor4D;
  /** What is minimised is the sum of these terms. Called inside a tidy. */
  objective(maps: Maps, targets: PixelTargets, options: ForwardOptions): Readonly<Record<string, tf.Scalar>>;
}

export interface SegmenterDefinition {
  readonly name: string;
  /** Checks a spec and fills in its defaults. The result is plain data. */
  readonly spec: z.ZodType;
  build(context: SegmenterContext<unknown>): SegmenterParts;
}

/** Joins a name, the schema of its spec and what builds it; the spec's type follows from the schema. */
export function defineSegmenter<Schema extends z.ZodType>(definition: {
  readonly name: string;
  readonly spec: Schema;
  build(context: SegmenterContext<z.output<Schema>>): SegmenterParts;
}): SegmenterDefinition {
  return {
    name: definition.name,
    spec: definition.spec,
    build: (context) => definition.build({ ...context, spec: context.spec as z.output<Schema> }),
  };
}
