/**
 * What a head is. A head reads maps of named taps and gives logits; it never sees images, files or the backbone.
 *
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { z } from "zod";
 * import { createLinear, defineHead } from "@difftap/heads";
 *
 * export default defineHead({
 *   name: "mean-linear",
 *   spec: z.strictObject({}),
 *   build({ taps: [tap], classes, seed }) {
 *     const linear = createLinear("fcs.0", { inputs: tap!.channels, outputs: classes, seed });
 *     const forward = (maps) => linear.forward(tf.mean(maps.get(tap!.name)!, [2, 3]));
 *     return { variables: linear.variables, forward };
 *   },
 * });
 * ```
 */
import type { TrainedFeedback } from "@difftap/backbone";
import type * as tf from "@tensorflow/tfjs-core";
import type { z } from "zod";
import type { HeadNetwork } from "./network.js";
import type { HeadTap } from "./tap.js";

export interface HeadContext<Spec> {
  readonly spec: Spec;
  /** What the head will be fed, in the order asked for. */
  readonly taps: readonly HeadTap[];
  readonly classes: number;
  /** Decides the initial parameters and, where there is any, dropout. */
  readonly seed: number | bigint;
  /** For heads that feed back into the network; absent where none is at hand. */
  readonly network?: HeadNetwork | undefined;
}

export interface ForwardOptions {
  /** Batch statistics and dropout are on. */
  readonly training: boolean;
}

/** Maps [N, C, H, W] by the name of their tap. */
export type Maps = ReadonlyMap<string, tf.Tensor4D>;

/** A map that a head reads. */
export type ReadMap = {
  /** Name of its tap. */
  tap: string;
  /** Which pass through the network, for heads that read two. */
  pass?: 1 | 2;
};

/** Where the CLS token looks on one map. */
export type AttentionMap = ReadMap & {
  /** Rows and columns of cells, laid evenly over the image. */
  height: number;
  width: number;
  /**
   * [N, blocks, heads, height·width], rows first. The weights of all taps (and passes) of one timestep and the CLS token's own, which
   * is left out, sum to 1.
   */
  weights: tf.Tensor4D;
};

export interface HeadParts {
  /** What is trained, by PyTorch's names: "fcs.0.weight". */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** What is kept but not trained: running means and variances. */
  readonly buffers?: ReadonlyMap<string, tf.Variable>;
  /** Maps that logits are made of, where these are not one for each tap. */
  readonly reads?: readonly ReadMap[];
  /** Heights and widths of the maps it takes: those of its taps, unless it says that any will do. */
  readonly mapSizes?: "as built" | "any";
  /** For heads that feed back: which blocks, and letters of the modules, whose tensors are named `feedback.…`. */
  readonly feedback?: Pick<TrainedFeedback, "blocks" | "module">;
  /** Maps to logits [N, classes]. Called inside a tidy. */
  forward(maps: Maps, options: ForwardOptions): tf.Tensor2D;
  /** For heads with attention: one entry per map that it reads, as in evaluation. Called inside a tidy. */
  attentionMaps?(maps: Maps): AttentionMap[];
  /** For heads that weigh their taps: [taps], summing to 1. Called inside a tidy. */
  tapWeights?(): tf.Tensor1D;
}

export interface HeadDefinition {
  readonly name: string;
  /** Checks a spec and fills in its defaults. The result is plain data. */
  readonly spec: z.ZodType;
  /** What it is fed where that is not its taps: they are then what it makes of it. */
  inputs?(context: InputContext<unknown>): readonly HeadTap[];
  build(context: HeadContext<unknown>): HeadParts;
}

/** What a head's inputs follow from. */
export type InputContext<Spec> = Pick<HeadContext<Spec>, "spec" | "taps" | "network">;

/** Joins a name, the schema of its spec and what builds it; the spec's type follows from the schema. */
export function defineHead<Schema extends z.ZodType>(definition: {
  readonly name: string;
  readonly spec: Schema;
  inputs?(context: InputContext<z.output<Schema>>): readonly HeadTap[];
  build(context: HeadContext<z.output<Schema>>): HeadParts;
}): HeadDefinition {
  return {
    name: definition.name,
    spec: definition.spec,
    ...(definition.inputs && {
      inputs: (context: InputContext<unknown>) =>
        definition.inputs!({ ...context, spec: context.spec as z.output<Schema> }),
    }),
    build: (context) => definition.build({ ...context, spec: context.spec as z.output<Schema> }),
  };
}
