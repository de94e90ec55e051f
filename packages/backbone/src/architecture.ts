/**
 * The architecture of a network of the ADM family, as data.
 *
 * Source: guided-diffusion, guided_diffusion/unet.py (UNetModel) and script_util.py (its flags).
 */

import { DifftapError } from "@difftap/core";
import { z } from "zod";
import { parseWith } from "./validation.js";

/** Group normalisation everywhere has this many groups, so every width is a multiple of it. */
const NORM_GROUPS = 32;

/** Halving a map more often than this leaves nothing of any image that fits memory. */
const MAX_LEVELS = 16;
/** Far beyond any published network; keeps a hostile file from asking for an endless block table. */
const MAX_RESIDUAL_BLOCKS = 64;

const positiveInteger = z.int().positive();
const headCount = z.union([z.literal(-1), positiveInteger]);

const diffusionSchema = z.strictObject({
  steps: positiveInteger,
  schedule: z.enum(["linear", "cosine"]),
  rescaleTimesteps: z.boolean(),
});

const architectureSchema = z.strictObject({
  imageSize: positiveInteger,
  modelChannels: positiveInteger,
  residualBlocks: positiveInteger.max(MAX_RESIDUAL_BLOCKS),
  channelMultipliers: z.array(z.number().positive()).min(1).max(MAX_LEVELS),
  attentionResolutions: z.array(positiveInteger),
  heads: positiveInteger,
  headChannels: headCount,
  headsUpsample: headCount,
  scaleShiftNorm: z.boolean(),
  resblockUpdown: z.boolean(),
  newAttentionOrder: z.boolean(),
  classes: z.union([z.null(), positiveInteger]),
  learnSigma: z.boolean(),
  dropout: z.number().min(0).lt(1),
  diffusion: diffusionSchema,
});

/** The diffusion process that the network was trained with. */
export interface DiffusionSettings {
  readonly steps: number;
  readonly schedule: "linear" | "cosine";
  /** The network is fed t·1000/steps instead of t. */
  readonly rescaleTimesteps: boolean;
}

export interface Architecture {
  /** Side of the training images in pixels; attention placement follows it, whatever the actual input. */
  readonly imageSize: number;
  readonly modelChannels: number;
  /** Residual blocks per level. */
  readonly residualBlocks: number;
  /** One per level; level i works at 1/2^i of the image side with ⌊multiplier·modelChannels⌋ channels. */
  readonly channelMultipliers: readonly number[];
  /** Sides of the maps (for images of imageSize) that get attention. */
  readonly attentionResolutions: readonly number[];
  /** Attention heads; not used where headChannels is given. */
  readonly heads: number;
  /** Channels of one head; −1: use heads. */
  readonly headChannels: number;
  /** Heads in output blocks; −1: as heads. Not used where headChannels is given. */
  readonly headsUpsample: number;
  readonly scaleShiftNorm: boolean;
  /** Residual blocks resize; otherwise separate convolutions do. */
  readonly resblockUpdown: boolean;
  /** q, k, v are split before the heads. */
  readonly newAttentionOrder: boolean;
  /** Rows of the class embedding; null: unconditional. */
  readonly classes: number | null;
  /** The network also predicts the variance: 6 output channels instead of 3. */
  readonly learnSigma: boolean;
  readonly dropout: number;
  readonly diffusion: DiffusionSettings;
}

/**
 * Checks the fields, then what they must be together: widths that group normalisation and heads divide.
 * @throws DifftapError CONFIG_INVALID naming every unknown key and wrong value.
 */
export function checkArchitecture(value: unknown): Architecture {
  const architecture = parseWith(architectureSchema, value, "the architecture");
  checkLevels(architecture, "the architecture");
  return architecture;
}

/** What widths and heads follow from. */
type Levels = Pick<
  Architecture,
  | "attentionResolutions"
  | "channelMultipliers"
  | "headChannels"
  | "heads"
  | "headsUpsample"
  | "imageSize"
  | "modelChannels"
>;

/** @throws DifftapError CONFIG_INVALID when group normalisation or heads do not divide the channels of a level. */
export function checkLevels(levels: Levels, what: string): void {
  const problems = [...widthProblems(levels), ...headProblems(levels)];
  if (problems.length === 0) return;
  throw new DifftapError("CONFIG_INVALID", `${what} is not valid: ${problems.join("; ")}`, {
    hint: `every level needs a multiple of ${NORM_GROUPS} channels that its attention heads divide`,
    details: { problems },
  });
}

/** Channels of each level. */
export function levelChannels(
  architecture: Pick<Architecture, "channelMultipliers" | "modelChannels">,
): number[] {
  return architecture.channelMultipliers.map((multiplier) =>
    Math.trunc(multiplier * architecture.modelChannels),
  );
}

/** True when maps at 1/`downsample` of the image side get attention (the reference's ⌊image size / resolution⌋). */
export function attends(
  architecture: Pick<Architecture, "attentionResolutions" | "imageSize">,
  downsample: number,
): boolean {
  const { attentionResolutions, imageSize } = architecture;
  return attentionResolutions.some((resolution) => Math.floor(imageSize / resolution) === downsample);
}

function widthProblems(architecture: Levels): string[] {
  return levelChannels(architecture).flatMap((channels, level) =>
    channels > 0 && channels % NORM_GROUPS === 0
      ? []
      : [`level ${level} has ${channels} channels, not a multiple of ${NORM_GROUPS}`],
  );
}

function headProblems(architecture: Levels): string[] {
  const { headChannels, heads, headsUpsample } = architecture;
  const last = architecture.channelMultipliers.length - 1;
  return levelChannels(architecture).flatMap((channels, level) => {
    if (level !== last && !attends(architecture, 2 ** level)) return [];
    const at = `level ${level} has ${channels} channels, which`;
    if (headChannels !== -1) {
      return channels % headChannels === 0 ? [] : [`${at} headChannels ${headChannels} does not divide`];
    }
    const counts = headsUpsample === -1 ? [heads] : [heads, headsUpsample];
    return counts
      .filter((count) => channels % count !== 0)
      .map((count) => `${at} ${count} heads do not divide`);
  });
}
