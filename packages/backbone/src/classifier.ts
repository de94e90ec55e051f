/**
 * The noisy classifier, written once over abstract operations: time embedding, encoder, middle, then one of four pools.
 *
 * Source: guided-diffusion, guided_diffusion/unet.py (EncoderUNetModel.forward, AttentionPool2d).
 */
import { blockInfo } from "./blocks.js";
import type { ClassifierArchitecture } from "./classifier-architecture.js";
import { sharedEmbedding } from "./embedding.js";
import { convolve, type LayerContext, normalize, POINTWISE, runBlock } from "./layers.js";
import type { PoolOps, Shortcuts, WeightAccess } from "./ops.js";
import { planEncoder } from "./plan.js";

export interface ClassifierInputs<T> {
  /** Noisy images [N, 3, H, W] as the diffusion model is fed them. */
  readonly x: T;
  /** [N], as the diffusion model is fed them. */
  readonly timesteps: T;
}

interface PoolContext<T> extends LayerContext<T> {
  readonly ops: PoolOps<T>;
}

/** What the encoder and the middle gave. */
interface Encoded<T> {
  /** The middle's map, and its width. */
  readonly value: T;
  readonly channels: number;
  /** Of every block's map over its places, for the spatial pools. */
  readonly means: readonly T[];
}

/** Logits [N, classes] of what the clean images show. */
export function classifier<T>(
  ops: PoolOps<T>,
  architecture: ClassifierArchitecture,
  weights: WeightAccess<T>,
  inputs: ClassifierInputs<T>,
  shortcuts: Shortcuts<T> = {},
): T {
  const { scaleShiftNorm, pool } = architecture;
  const embedding = sharedEmbedding(ops, architecture, weights, inputs);
  const settings = { scaleShiftNorm, newAttentionOrder: false, dropout: 0 };
  const context: PoolContext<T> = { ops, weights, shortcuts, architecture: settings, embedding };
  const blocks = planEncoder({ ...architecture, heads: 1 });
  const means: T[] = [];
  let value = inputs.x;
  for (const block of blocks) {
    value = runBlock(context, block, blockInfo(block, blocks.length), [value]);
    if (pool === "spatial" || pool === "spatial_v2") means.push(ops.meanOverPlaces(value));
  }
  return runPool(context, architecture, { value, means, channels: blocks.at(-1)!.channels });
}

function runPool<T>(
  context: PoolContext<T>,
  { pool, headChannels }: ClassifierArchitecture,
  { value, means, channels }: Encoded<T>,
): T {
  const { ops } = context;
  switch (pool) {
    case "adaptive":
      return adaptivePool(context, ops.silu(normalize(context, "out.0", value)));
    case "attention":
      return attentionPool(context, ops.silu(normalize(context, "out.0", value)), channels / headChannels);
    case "spatial":
      return linear(context, "out.2", ops.relu(linear(context, "out.0", ops.concatColumns(means))));
    case "spatial_v2": {
      const hidden = normalize(context, "out.1", linear(context, "out.0", ops.concatColumns(means)));
      return linear(context, "out.3", ops.silu(hidden));
    }
  }
}

/** The mean over the map, then a 1×1 convolution of it. */
function adaptivePool<T>(context: PoolContext<T>, x: T): T {
  return context.ops.meanOverPlaces(convolve(context, "out.3", x, POINTWISE));
}

/** Attention among the places and their mean, which comes first and whose answer is taken. */
function attentionPool<T>(context: PoolContext<T>, x: T, heads: number): T {
  const { ops, weights } = context;
  const positions = weights.weight("out.2.positional_embedding");
  const tokens = ops.addPositions(ops.meanBeforePlaces(x), positions);
  const qkv = convolve(context, "out.2.qkv_proj", tokens, POINTWISE);
  const attended = ops.attention(qkv, { heads, order: "split-qkv-first" });
  return ops.firstPlace(convolve(context, "out.2.c_proj", attended, POINTWISE));
}

function linear<T>({ ops, weights }: PoolContext<T>, prefix: string, x: T): T {
  return ops.linear(x, weights.weight(`${prefix}.weight`), weights.weight(`${prefix}.bias`));
}
