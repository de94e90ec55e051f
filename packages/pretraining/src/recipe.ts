/**
 * How a backbone is pretrained, as data: saved with every checkpoint, compared when one is resumed.
 *
 * ```ts
 * import { parsePretrainingRecipe, type PretrainingRecipe } from "@difftap/pretraining";
 *
 * const recipe: PretrainingRecipe = {
 *   optimizer: { kind: "adamw", weightDecay: 0 },
 *   learningRate: 8e-4,
 *   schedule: { kind: "constant" },
 *   warmUp: { steps: 200 },
 *   clipNorm: 1,
 *   ema: [{ decay: 0.999, warmUp: true }],
 *   duration: { steps: 3000 },
 *   batch: 32,
 *   seed: 0,
 * };
 * ```
 */
import { durationSchema, optimizerSettings, parseSettings, scheduleSettings } from "@difftap/trainer";
import { z } from "zod";

export const predictions = ["epsilon", "x_start", "v"] as const;
const variances = ["FIXED_SMALL", "FIXED_LARGE", "LEARNED", "LEARNED_RANGE"] as const;
export const losses = ["MSE", "RESCALED_MSE", "KL", "RESCALED_KL"] as const;
export const timestepSampling = ["uniform", "loss-second-moment"] as const;

const averageSchema = z.strictObject({
  decay: z.number().min(0).lt(1),
  /** Averages over fewer steps at first: decay at most (1 + step) / (10 + step). */
  warmUp: z.boolean().default(true),
});

export const pretrainingRecipeSchema = z.strictObject({
  /** What the network says of x_t: the noise, the image, or v = √ᾱ·ε − √(1−ᾱ)·x_0 (Salimans and Ho 2022). */
  prediction: z.enum(predictions).default("epsilon"),
  /** Learned ones take the network's extra channels. */
  variance: z.enum(variances).default("LEARNED_RANGE"),
  /** MSE and RESCALED_MSE add the variational term where the variance is learned. */
  loss: z.enum(losses).default("RESCALED_MSE"),
  /** γ of min-SNR weighting (Hang et al. 2023, arXiv 2303.09556) of the squared error; not weighted unless given. */
  minSnr: z.number().positive().optional(),
  timesteps: z.enum(timestepSampling).default("uniform"),
  /** Share of the images that are mirrored. */
  flip: z.number().min(0).max(1).default(0.5),
  optimizer: optimizerSettings,
  learningRate: z.number().positive(),
  schedule: scheduleSettings,
  /** The learning rate rises linearly for so long; no warm-up unless given. */
  warmUp: durationSchema.optional(),
  /** Gradients are scaled down to this global norm; not clipped unless given. */
  clipNorm: z.number().positive().optional(),
  /** Exponential moving averages of the parameters, of different rates. Samples and exports take the first. */
  ema: z.array(averageSchema).default([]),
  duration: durationSchema,
  /** Images of a step: of all ranks and all parts together. */
  batch: z.int().positive(),
  /** A step's gradient is computed in so many parts by each rank and added up: the same step in less memory. */
  accumulate: z.int().positive().default(1),
  /** Decides order, noise, timesteps, mirroring and dropout. */
  seed: z.int().min(0),
});

/** As written: what has a default may be left out. */
export type PretrainingRecipe = z.input<typeof pretrainingRecipeSchema>;

/** Checked and complete. */
export type ResolvedPretrainingRecipe = z.output<typeof pretrainingRecipeSchema>;

/** @throws DifftapError CONFIG_INVALID naming each value that is wrong, and the nearest name for an unknown one. */
export function parsePretrainingRecipe(recipe: PretrainingRecipe): ResolvedPretrainingRecipe {
  return parseSettings(pretrainingRecipeSchema, recipe, "recipe");
}
