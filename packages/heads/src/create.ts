/**
 * Builds heads from data.
 *
 * ```ts
 * import { createHead } from "@difftap/heads";
 *
 * const tap = { name: "t90/b09", block: 9, timestep: 90, channels: 64, height: 4, width: 4 };
 * const head = createHead({ head: "linear", spec: { pool: 2 }, taps: [tap], classes: 10, seed: 0 });
 * const logits = head.forward({ "t90/b09": maps }, { training: false });
 * ```
 */
import type { ImageSize, TrainedFeedback } from "@difftap/backbone";
import { DifftapError, ndarray, nearest } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import type { z } from "zod";
import type { AttentionMap, ForwardOptions, HeadDefinition, HeadParts, ReadMap } from "./definition.js";
import type { HeadNetwork } from "./network.js";
import { findHead, heads } from "./registry.js";
import { type Features, type HeadTap, mapsOf } from "./tap.js";

export interface HeadRequest {
  /** A name of the registry. */
  readonly head: string;
  /** Checked against the head's schema; defaults are filled in. */
  readonly spec?: unknown;
  readonly taps: readonly HeadTap[];
  readonly classes: number;
  /** Of the images that its taps come from (taps that name another size apart); it is only kept, for whoever reads images for it later. */
  readonly size?: ImageSize | undefined;
  readonly seed: number | bigint;
  /** For heads that feed back into the network. */
  readonly network?: HeadNetwork | undefined;
}

/** Everything a head is but its numbers: plain JSON, saved beside the weights. */
export interface HeadDescription {
  readonly head: string;
  readonly spec: unknown;
  readonly taps: readonly HeadTap[];
  readonly classes: number;
  readonly size?: ImageSize;
}

export interface Head {
  readonly description: HeadDescription;
  /** The features that `forward` takes: its taps, for most heads. */
  readonly inputs: readonly HeadTap[];
  /** The maps that logits are made of: one for each tap, or for each tap and pass. */
  readonly reads: readonly ReadMap[];
  /** What is trained, by PyTorch's names. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** What is kept but not trained. */
  readonly buffers: ReadonlyMap<string, tf.Variable>;
  /**
   * Logits [N, classes]; the caller disposes them.
   * @throws DifftapError REQUEST_INVALID for features of other taps or shapes.
   */
  forward(features: Features, options: ForwardOptions): tf.Tensor2D;
  /**
   * Heads with attention have it: where the CLS token looks, one entry per map that it reads; the caller disposes the weights.
   * @throws as `forward`
   */
  attentionMaps?(features: Features): AttentionMap[];
  /** Heads that weigh their taps have it: the weight of each tap by name, summing to 1. */
  tapWeights?(): Promise<Readonly<Record<string, number>>>;
  /** Heads that feed back into the network have it: what a runtime needs to run both passes. */
  feedback?(): Promise<TrainedFeedback>;
  dispose(): void;
}

/**
 * A head with fresh parameters. The same request gives the same parameters.
 * @throws DifftapError CONFIG_INVALID for an unknown head, a spec its schema refuses, fewer than two classes, a network that is
 * needed and not given; REQUEST_INVALID for taps that the head does not take.
 */
export function createHead(request: HeadRequest, definitions: readonly HeadDefinition[] = heads): Head {
  const { taps, classes, size, seed, network } = request;
  const definition = findHead(request.head, definitions);
  const spec = parseSpec(definition, request.spec ?? {});
  if (!Number.isInteger(classes) || classes < 2) {
    throw new DifftapError("CONFIG_INVALID", `a head for ${classes} classes: at least 2 are needed`);
  }
  const inputs = definition.inputs?.({ spec, taps, network }) ?? taps;
  const parts = definition.build({ spec, taps, classes, seed, network });
  return assemble(parts, inputs, { head: definition.name, spec, taps, classes, ...(size && { size }) });
}

/**
 * What a head of this request will be fed, without building it.
 * @throws DifftapError as `createHead`
 */
export function headInputs(
  request: Pick<HeadRequest, "head" | "spec" | "taps" | "network">,
  definitions: readonly HeadDefinition[] = heads,
): readonly HeadTap[] {
  const { taps, network } = request;
  const definition = findHead(request.head, definitions);
  const spec = parseSpec(definition, request.spec ?? {});
  return definition.inputs?.({ spec, taps, network }) ?? taps;
}

function assemble(parts: HeadParts, inputs: readonly HeadTap[], description: HeadDescription): Head {
  const { variables, buffers = new Map<string, tf.Variable>(), mapSizes } = parts;
  const read = (features: Features) => mapsOf(features, inputs, mapSizes);
  return {
    description,
    inputs,
    reads: parts.reads ?? description.taps.map(({ name }) => ({ tap: name })),
    variables,
    buffers,
    forward: (features, options) => tf.tidy(() => parts.forward(read(features), options)),
    ...(parts.attentionMaps && {
      attentionMaps: (features: Features) => tf.tidy(() => parts.attentionMaps!(read(features))),
    }),
    ...(parts.tapWeights && { tapWeights: () => weightsByTap(parts.tapWeights!, description.taps) }),
    ...(parts.feedback && { feedback: () => readFeedback(parts) }),
    dispose() {
      for (const variable of [...variables.values(), ...buffers.values()]) variable.dispose();
    },
  };
}

async function readFeedback({
  feedback,
  variables,
  buffers = new Map(),
}: HeadParts): Promise<TrainedFeedback> {
  const own = [...variables, ...buffers].filter(([name]) => name.startsWith("feedback."));
  const tensors = own.map(async ([name, variable]) => {
    const data = Float32Array.from(await variable.data());
    return [name, ndarray("float32", variable.shape, data)] as const;
  });
  return { ...feedback!, tensors: Object.fromEntries(await Promise.all(tensors)) };
}

async function weightsByTap(
  compute: () => tf.Tensor1D,
  taps: readonly HeadTap[],
): Promise<Record<string, number>> {
  const weights = tf.tidy(compute);
  const values = await weights.data();
  weights.dispose();
  return Object.fromEntries(taps.map(({ name }, index) => [name, values[index]!]));
}

/**
 * A spec with its defaults filled in. `kind` is what errors call the thing it is a spec of.
 * @throws DifftapError CONFIG_INVALID naming each field that is wrong.
 */
export function parseSpec(
  { name, spec: schema }: Pick<HeadDefinition, "name" | "spec">,
  spec: unknown,
  kind = "head",
): unknown {
  const parsed = schema.safeParse(spec);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => problem(issue, schema));
  throw new DifftapError("CONFIG_INVALID", `spec of ${kind} ${name}: ${problems.join("; ")}`, {
    details: { [kind]: name, issues: parsed.error.issues },
  });
}

function problem(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  if (issue.code !== "unrecognized_keys") return `${issue.path.join(".") || "spec"}: ${issue.message}`;
  const known = "shape" in schema ? Object.keys(schema.shape as object) : [];
  return issue.keys
    .map((key) => `unknown key "${key}"${known.length > 0 ? `, did you mean "${nearest(key, known)}"?` : ""}`)
    .join("; ");
}
