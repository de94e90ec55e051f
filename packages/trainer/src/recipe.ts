/**
 * How a model is trained, as data: saved with every checkpoint, compared when one is resumed.
 *
 * ```ts
 * import { paperRecipe, type Recipe } from "@difftap/trainer";
 *
 * const recipe: Recipe = {
 *   ...paperRecipe,
 *   optimizer: { kind: "adamw", weightDecay: 0.05 },
 *   learningRate: 1e-3,
 *   schedule: { kind: "cosine" },
 *   warmUp: { epochs: 2 },
 *   labelSmoothing: 0.1,
 * };
 * ```
 */
import { z } from "zod";
import { durationSchema } from "./duration.js";
import { optimizerSettings } from "./optimizer-registry.js";
import { parseSettings } from "./parse-settings.js";
import { scheduleSettings } from "./schedule-registry.js";

/** What decides which batches come, in which order. Models that are trained together share it. */
const stream = {
  duration: durationSchema,
  /** Samples per step. */
  batch: z.int().positive(),
  /** Decides the order of the samples and what mixup mixes. */
  seed: z.int().min(0),
  /** α of mixup's Beta(α, α); no mixup unless given. */
  mixup: z.number().positive().optional(),
};

/** What a model does with the batches. */
const learning = {
  optimizer: optimizerSettings,
  learningRate: z.number().positive(),
  schedule: scheduleSettings,
  /** The learning rate rises linearly for so long; no warm-up unless given. */
  warmUp: durationSchema.optional(),
  /** Gradients are scaled down to this global norm; not clipped unless given. */
  clipNorm: z.number().positive().optional(),
  /** Share of the target that is spread evenly over the classes. */
  labelSmoothing: z.number().min(0).lt(1).default(0),
  /** Exponential moving average of the parameters. Where given, it is what is evaluated and what training ends with. */
  ema: z
    .strictObject({
      decay: z.number().min(0).lt(1),
      /** Averages over fewer steps at first: decay at most (1 + step) / (10 + step). */
      warmUp: z.boolean().default(false),
    })
    .optional(),
  /** The validation metric by which the best weights are kept. */
  best: z.enum(["top1", "loss"]).default("top1"),
  /** Training stops after so many evaluations without a better one; never unless given. */
  patience: z.int().positive().optional(),
};

export const recipeSchema = z.strictObject({ ...learning, ...stream });

/** As written: what has a default may be left out. */
export type Recipe = z.input<typeof recipeSchema>;

/** Checked and complete. */
export type ResolvedRecipe = z.output<typeof recipeSchema>;

/** The settings that models which are trained together share. */
export const sharedSettings = Object.keys(stream);

/** What may differ between models that are trained together. */
export type LearningRecipe = Omit<Recipe, keyof typeof stream>;

/** The paper's protocol for linear heads: SGD without momentum or weight decay, ×0.1 every 7 of 28 epochs, batch 128. */
export const paperRecipe: Recipe = {
  optimizer: { kind: "sgd" },
  learningRate: 1e-2,
  schedule: { kind: "step", every: { epochs: 7 }, factor: 0.1 },
  duration: { epochs: 28 },
  batch: 128,
  seed: 0,
};

/** @throws DifftapError CONFIG_INVALID naming each value that is wrong, what it has to be, and the nearest name for an unknown one. */
export function parseRecipe(recipe: Recipe): ResolvedRecipe {
  return parseSettings(recipeSchema, recipe, "recipe");
}
