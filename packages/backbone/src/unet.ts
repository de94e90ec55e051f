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
import { sharedEmbedding } from "./embedding.js";
import { convolveSame, type LayerContext, normalize, runBlock } from "./layers.js";
import type { Ops, Shortcuts, WeightAccess } from "./ops.js";
import { planNetwork } from "./plan.js";

/** What the network is told beside the image. */
export interface UnetConditions<T> {
  /** [N], what the network is fed: already rescaled where the architecture says so. */
  readonly timesteps: T;
  /** [N] classes, if and only if the architecture has classes. */
  readonly labels?: T | undefined;
}

export interface UnetInputs<T> extends UnetConditions<T> {
  /** [N, 3, H, W], H and W divisible by 2^(levels − 1): see checkImageSize. */
  readonly x: T;
}

/** A run in the middle: what the blocks that are left need of those that ran. */
export interface UnetState<T> {
  /** Number of the block that ran last. */
  readonly block: number;
  /** Its output, as the next block and, for an input block, the skip connection are to see it. */
  readonly value: T;
  /** Outputs of the input blocks before it, by number: those that an output block will join before the run stops. */
  readonly kept: ReadonlyMap<number, T>;
}

/** Sees each block's output; may replace it (the skip connection changes too) or stop the run. */
// biome-ignore lint/suspicious/noConfusingVoidType: a visitor that only looks returns nothing
export type Visit<T> = (block: BlockInfo, value: T) => void | { readonly replace?: T | undefined } | "stop";

/**
 * Runs the network.
 * @param shortcuts what the runtime does its own way.
 * @returns the output [N, 3 or 6, H, W], or undefined when `visit` stopped the run; nothing after the stop is
 *   computed, and no parameter of it is asked for.
 * @throws DifftapError REQUEST_INVALID when labels are missing, or given to an unconditional network.
 */
export function unet<T>(
  ops: Ops<T>,
  architecture: Architecture,
  weights: WeightAccess<T>,
  { x, ...conditions }: UnetInputs<T>,
  visit: Visit<T>,
  shortcuts: Shortcuts<T> = {},
): T | undefined {
  const start = { block: 0, value: x, kept: new Map<number, T>() };
  return resumeUnet(ops, architecture, weights, { ...conditions, state: start }, visit, shortcuts);
}

/**
 * Runs the blocks after `state.block`; those before are not computed, and none of their parameters asked for.
 * @returns as `unet`
 * @throws DifftapError as `unet`; REQUEST_INVALID when an output block needs an input block's output that is not among the kept.
 */
export function resumeUnet<T>(
  ops: Ops<T>,
  architecture: Architecture,
  weights: WeightAccess<T>,
  { state, ...conditions }: UnetConditions<T> & { readonly state: UnetState<T> },
  visit: Visit<T>,
  shortcuts: Shortcuts<T> = {},
): T | undefined {
  checkLabels(architecture, conditions.labels !== undefined);
  const { blocks } = planNetwork(architecture);
  const embedding = sharedEmbedding(ops, architecture, weights, conditions);
  const context: LayerContext<T> = { ops, weights, shortcuts, architecture, embedding };
  const kept = new Map([...state.kept, [state.block, state.value]]);
  let { value } = state;
  for (const block of blocks.slice(state.block)) {
    const info = blockInfo(block, blocks.length);
    value = runBlock(context, block, info, block.kind === "output" ? [value, joined(info, kept)] : [value]);
    const answer = visit(info, value);
    if (answer === "stop") return undefined;
    value = answer?.replace ?? value;
    if (block.kind === "input") kept.set(block.number, value);
  }
  return convolveSame(context, "out.2", ops.silu(normalize(context, "out.0", value)));
}

/** The kept output that an output block joins to its input: that of its mirror. */
function joined<T>({ number, mirror }: BlockInfo, kept: ReadonlyMap<number, T>): T {
  const found = kept.get(mirror!);
  if (found !== undefined) return found;
  throw new DifftapError(
    "REQUEST_INVALID",
    `block ${number} joins the output of block ${mirror}, which is not there`,
    {
      hint: "keep the output of every input block whose mirror runs",
      details: { block: number, kept: [...kept.keys()] },
    },
  );
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
