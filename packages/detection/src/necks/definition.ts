/**
 * What a neck is: it turns the maps of taps into a pyramid of maps of one width.
 *
 * ```ts
 * import { createConvolution } from "@difftap/heads";
 * import * as tf from "@tensorflow/tfjs-core";
 * import { createDetector, defineFcos, defineNeck, necks, strideOf } from "@difftap/detection";
 * import { z } from "zod";
 *
 * const projected = defineNeck({
 *   name: "projected",
 *   spec: z.strictObject({ width: z.int().positive().default(64) }),
 *   levels: ({ taps: [tap], image }) => [{ stride: strideOf(tap!, image), height: tap!.height, width: tap!.width }],
 *   build({ spec: { width }, taps: [tap], seed }) {
 *     const size = { inputs: tap!.channels, outputs: width, kernel: 1, stride: 1, bias: true, seed };
 *     const convolution = createConvolution("neck.0", size);
 *     const forward = (maps) => [convolution.forward(tf.transpose(maps.get(tap!.name)!, [0, 2, 3, 1]))];
 *     return { variables: convolution.variables, width, forward };
 *   },
 * });
 * const detector = createDetector({ detector: "fcos", spec: { neck: { name: "projected" } }, … }, [defineFcos([...necks, projected])]);
 * ```
 */
import type { ForwardOptions, HeadTap, Maps, Parameters } from "@difftap/heads";
import type * as tf from "@tensorflow/tfjs-core";
import type { z } from "zod";
import type { ImageSize, PyramidLevel } from "../pyramid.js";

/** What a neck's levels follow from. */
export interface PyramidContext<Spec> {
  readonly spec: Spec;
  /** What it is fed, in the order asked for. */
  readonly taps: readonly HeadTap[];
  /** Of the images that the taps' maps belong to. */
  readonly image: ImageSize;
}

export interface NeckContext<Spec> extends PyramidContext<Spec> {
  /** Decides the initial parameters. */
  readonly seed: number | bigint;
}

export interface NeckParts extends Parameters {
  /** Channels of every level. */
  readonly width: number;
  /** Maps [N, C, H, W] by tap → one map [N, H, W, width] per level, fine to coarse. Called inside a tidy. */
  forward(maps: Maps, options: ForwardOptions): readonly tf.Tensor4D[];
}

export interface NeckDefinition {
  readonly name: string;
  /** Checks a spec and fills in its defaults. The result is plain data. */
  readonly spec: z.ZodType;
  /** Fine to coarse. @throws DifftapError REQUEST_INVALID for taps it does not take. */
  levels(context: PyramidContext<unknown>): readonly PyramidLevel[];
  build(context: NeckContext<unknown>): NeckParts;
}

/** Joins a name, the schema of its spec, its levels and what builds it; the spec's type follows from the schema. */
export function defineNeck<Schema extends z.ZodType>(definition: {
  readonly name: string;
  readonly spec: Schema;
  levels(context: PyramidContext<z.output<Schema>>): readonly PyramidLevel[];
  build(context: NeckContext<z.output<Schema>>): NeckParts;
}): NeckDefinition {
  type Spec = z.output<Schema>;
  return {
    name: definition.name,
    spec: definition.spec,
    levels: (context) => definition.levels({ ...context, spec: context.spec as Spec }),
    build: (context) => definition.build({ ...context, spec: context.spec as Spec }),
  };
}
