/**
 * The reference's flags: `{ flags, diffusion }` as its scripts take them, with its defaults.
 * Source: guided-diffusion, guided_diffusion/script_util.py (model_and_diffusion_defaults, create_model).
 */
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import { type Architecture, checkArchitecture } from "./architecture.js";
import { parseWith } from "./validation.js";

/** `class_cond` in the reference always means ImageNet's thousand classes. */
const REFERENCE_CLASSES = 1000;

/** What an empty `channel_mult` means, by image size. */
const DEFAULT_MULTIPLIERS: Readonly<Record<number, readonly number[]>> = {
  512: [0.5, 1, 1, 2, 2, 4, 4],
  256: [1, 1, 2, 2, 4, 4],
  128: [1, 1, 2, 3, 4],
  64: [1, 2, 3, 4],
};

const positiveInteger = z.int().positive();
const headCount = z.union([z.literal(-1), positiveInteger]);
/** Numbers joined by commas. */
export const numberList = z
  .string()
  .regex(/^\s*\d+(\.\d+)?(\s*,\s*\d+(\.\d+)?)*\s*$/, "must be numbers joined by commas, such as 1,2,4")
  .transform((text) => text.split(",").map(Number));

const flagsSchema = z.strictObject({
  image_size: positiveInteger.default(64),
  num_channels: positiveInteger.default(128),
  num_res_blocks: positiveInteger.default(2),
  num_heads: positiveInteger.default(4),
  num_heads_upsample: headCount.default(-1),
  num_head_channels: headCount.default(-1),
  attention_resolutions: numberList.default([16, 8]),
  channel_mult: z.union([z.literal(""), numberList]).default(""),
  dropout: z.number().min(0).lt(1).default(0),
  class_cond: z.boolean().default(false),
  learn_sigma: z.boolean().default(false),
  use_scale_shift_norm: z.boolean().default(true),
  resblock_updown: z.boolean().default(false),
  use_new_attention_order: z.boolean().default(false),
  /** How the reference computes, not what: read and not used. */
  use_checkpoint: z.boolean().default(false),
  use_fp16: z.boolean().default(false),
});

const referenceSchema = z.strictObject({
  flags: flagsSchema,
  diffusion: z
    .strictObject({
      diffusion_steps: positiveInteger.default(1000),
      noise_schedule: z.enum(["linear", "cosine"]).default("linear"),
      rescale_timesteps: z.boolean().default(false),
    })
    .prefault({}),
});

type Flags = z.output<typeof flagsSchema>;

/**
 * Reads `{ flags, diffusion }` with the reference's names; flags left out have the reference's defaults.
 * Unlike the reference's command line, `channel_mult` may hold fractions (its own 512-px default does).
 * @throws DifftapError CONFIG_INVALID naming every unknown flag and wrong value.
 */
export function architectureFromFlags(json: unknown): Architecture {
  const { flags, diffusion } = parseWith(referenceSchema, json, "the reference's flags");
  return checkArchitecture({
    imageSize: flags.image_size,
    modelChannels: flags.num_channels,
    residualBlocks: flags.num_res_blocks,
    channelMultipliers: multipliersOf(flags),
    attentionResolutions: flags.attention_resolutions,
    heads: flags.num_heads,
    headChannels: flags.num_head_channels,
    headsUpsample: flags.num_heads_upsample,
    scaleShiftNorm: flags.use_scale_shift_norm,
    resblockUpdown: flags.resblock_updown,
    newAttentionOrder: flags.use_new_attention_order,
    classes: flags.class_cond ? REFERENCE_CLASSES : null,
    learnSigma: flags.learn_sigma,
    dropout: flags.dropout,
    diffusion: {
      steps: diffusion.diffusion_steps,
      schedule: diffusion.noise_schedule,
      rescaleTimesteps: diffusion.rescale_timesteps,
    },
  });
}

function multipliersOf(flags: Flags): readonly number[] {
  return flags.channel_mult === "" ? defaultMultipliers(flags.image_size) : flags.channel_mult;
}

/** What an empty `channel_mult` means. @throws DifftapError CONFIG_INVALID for an image size that has no default. */
export function defaultMultipliers(imageSize: number): readonly number[] {
  const multipliers = DEFAULT_MULTIPLIERS[imageSize];
  if (multipliers !== undefined) return multipliers;
  throw new DifftapError("CONFIG_INVALID", `channel_mult is empty and image_size is ${imageSize}`, {
    hint: `give channel_mult, or an image_size of ${Object.keys(DEFAULT_MULTIPLIERS).join(", ")}`,
    details: { image_size: imageSize },
  });
}
