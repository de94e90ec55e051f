/**
 * The noisy classifiers of guided diffusion: the encoder half and the middle of a U-Net, then a pool. As data.
 *
 * Source: guided-diffusion, guided_diffusion/unet.py (EncoderUNetModel) and script_util.py (create_classifier).
 */
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import { checkLevels } from "./architecture.js";
import { defaultMultipliers, numberList } from "./flags.js";
import { parseWith } from "./validation.js";

/** How maps become logits; see `classifier`. */
export const classifierPools = ["attention", "adaptive", "spatial", "spatial_v2"] as const;
export type ClassifierPool = (typeof classifierPools)[number];

export interface ClassifierArchitecture {
  /** Side of the training images in pixels. The attention pool knows positions, and takes no other size. */
  readonly imageSize: number;
  readonly modelChannels: number;
  /** Residual blocks per level. */
  readonly residualBlocks: number;
  readonly channelMultipliers: readonly number[];
  /** Sides of the maps that get attention, in the old order of channels. */
  readonly attentionResolutions: readonly number[];
  readonly headChannels: number;
  readonly scaleShiftNorm: boolean;
  readonly resblockUpdown: boolean;
  readonly classes: number;
  readonly pool: ClassifierPool;
}

const positiveInteger = z.int().positive();

const architectureSchema = z.strictObject({
  imageSize: positiveInteger,
  modelChannels: positiveInteger,
  residualBlocks: positiveInteger.max(64),
  channelMultipliers: z.array(z.number().positive()).min(1).max(16),
  attentionResolutions: z.array(positiveInteger),
  headChannels: positiveInteger,
  scaleShiftNorm: z.boolean(),
  resblockUpdown: z.boolean(),
  classes: positiveInteger,
  pool: z.enum(classifierPools),
});

/** The reference's flags of classifiers with its defaults, and what its code fixes: multipliers, classes, head channels. */
const flagsSchema = z.strictObject({
  image_size: positiveInteger.default(64),
  classifier_width: positiveInteger.default(128),
  classifier_depth: positiveInteger.default(2),
  classifier_attention_resolutions: numberList.default([32, 16, 8]),
  classifier_use_scale_shift_norm: z.boolean().default(true),
  classifier_resblock_updown: z.boolean().default(true),
  classifier_pool: z.enum(classifierPools).default("attention"),
  /** How the reference computes, not what: read and not used. */
  classifier_use_fp16: z.boolean().default(false),
  channel_mult: z.union([z.literal(""), numberList]).default(""),
  num_classes: positiveInteger.default(1000),
  num_head_channels: positiveInteger.default(64),
});

/**
 * Reads a classifier's architecture in either form: this package's JSON, or the reference's flags.
 * @throws DifftapError CONFIG_INVALID naming every unknown key and wrong value.
 */
export function parseClassifier(json: unknown): ClassifierArchitecture {
  const own = typeof json === "object" && json !== null && "modelChannels" in json;
  const architecture = own ? parseWith(architectureSchema, json, "the classifier") : fromFlags(json);
  checkLevels({ ...architecture, heads: 1, headsUpsample: -1 }, "the classifier");
  checkHalving(architecture);
  return architecture;
}

function fromFlags(json: unknown): ClassifierArchitecture {
  const flags = parseWith(flagsSchema, json, "the classifier's flags");
  return {
    imageSize: flags.image_size,
    modelChannels: flags.classifier_width,
    residualBlocks: flags.classifier_depth,
    channelMultipliers: flags.channel_mult === "" ? defaultMultipliers(flags.image_size) : flags.channel_mult,
    attentionResolutions: flags.classifier_attention_resolutions,
    headChannels: flags.num_head_channels,
    scaleShiftNorm: flags.classifier_use_scale_shift_norm,
    resblockUpdown: flags.classifier_resblock_updown,
    classes: flags.num_classes,
    pool: flags.classifier_pool,
  };
}

/** The attention pool has a position for every place of the last map. */
function checkHalving({ imageSize, channelMultipliers, pool }: ClassifierArchitecture): void {
  const multiple = 2 ** (channelMultipliers.length - 1);
  if (pool !== "attention" || imageSize % multiple === 0) return;
  throw new DifftapError(
    "CONFIG_INVALID",
    `a classifier for ${imageSize} px cannot halve it to 1/${multiple}`,
    {
      hint: `give an imageSize that ${multiple} divides, or another pool`,
      details: { imageSize, multiple },
    },
  );
}
