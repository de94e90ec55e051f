/**
 * The ADM U-Net, written once over abstract operations. Taps, early exit and feedback are one hook, `visit`.
 *
 * ```ts
 * import { unet } from "@difftap/backbone";
 *
 * const taps = new Map<number, Tensor>();
 * unet(ops, architecture, ops, { x, timesteps }, (block, value) => {
 *   if (block.number === 19 || block.number === 24) taps.set(block.number, value);
 *   return block.number === 24 ? "stop" : undefined; // blocks 25 to 37 are never computed
 * });
 * ```
 *
 * Source: guided-diffusion, guided_diffusion/unet.py (UNetModel.forward).
 */
import { DifftapError } from "@difftap/core";
import type { Architecture } from "./architecture.js";
import { type BlockInfo, blockInfo } from "./blocks.js";
import { convolveSame, type LayerContext, normalize, runBlock } from "./layers.js";
import type { Ops, WeightAccess } from "./ops.js";
import { planNetwork } from "./plan.js";

export interface UnetInputs<T> {
  /** [N, 3, H, W], H and W divisible by 2^(levels − 1): see checkImageSize. */
  readonly x: T;
  /** [N], what the network is fed: already rescaled where the architecture says so. */
  readonly timesteps: T;
  /** [N] classes, if and only if the architecture has classes. */
  readonly labels?: T | undefined;
}

/** Sees each block's output; may replace it (the skip connection changes too) or stop the run. */
// biome-ignore lint/suspicious/noConfusingVoidType: a visitor that only looks returns nothing
export type Visit<T> = (block: BlockInfo, value: T) => void | { readonly replace?: T | undefined } | "stop";

/**
 * Runs the network.
 * @returns the output [N, 3 or 6, H, W], or undefined when `visit` stopped the run; nothing after the stop is
 *   computed, and no parameter of it is asked for.
 * @throws DifftapError REQUEST_INVALID when labels are missing, or given to an unconditional network.
 */
export function unet<T>(
  ops: Ops<T>,
  architecture: Architecture,
  weights: WeightAccess<T>,
  inputs: UnetInputs<T>,
  visit: Visit<T>,
): T | undefined {
  checkLabels(architecture, inputs.labels !== undefined);
  const plan = planNetwork(architecture);
  const context: LayerContext<T> = {
    ops,
    weights,
    architecture,
    embedding: once(() => embed(ops, architecture, weights, inputs)),
  };
  const kept: T[] = [];
  let value = inputs.x;
  for (const block of plan.blocks) {
    const joined = block.kind === "output" ? ops.concatChannels(value, kept.pop()!) : value;
    value = runBlock(context, block, joined);
    const answer = visit(blockInfo(block, plan.blocks.length), value);
    if (answer === "stop") return undefined;
    value = answer?.replace ?? value;
    if (block.kind === "input") kept.push(value);
  }
  return convolveSame(context, "out.2", ops.silu(normalize(context, "out.0", value)));
}

/** SiLU of the embedding: every residual layer begins with it, so it is taken once. */
function embed<T>(
  ops: Ops<T>,
  architecture: Architecture,
  weights: WeightAccess<T>,
  inputs: UnetInputs<T>,
): T {
  const linear = (prefix: string, x: T): T =>
    ops.linear(x, weights.weight(`${prefix}.weight`), weights.weight(`${prefix}.bias`));
  const sinusoids = ops.timestepEmbedding(inputs.timesteps, architecture.modelChannels);
  const time = linear("time_embed.2", ops.silu(linear("time_embed.0", sinusoids)));
  if (inputs.labels === undefined) return ops.silu(time);
  return ops.silu(ops.add(time, ops.embedding(inputs.labels, weights.weight("label_emb.weight"))));
}

function once<T>(compute: () => T): () => T {
  let held: { readonly value: T } | undefined;
  return () => {
    held ??= { value: compute() };
    return held.value;
  };
}

function checkLabels(architecture: Architecture, given: boolean): void {
  if (given === (architecture.classes !== null)) return;
  const message = given
    ? "labels were given to a network without class embedding"
    : `this network is class-conditional (${architecture.classes} classes) and needs labels`;
  throw new DifftapError("REQUEST_INVALID", message, {
    hint: given ? "leave the labels out" : "give one class per image",
    details: { classes: architecture.classes },
  });
}
