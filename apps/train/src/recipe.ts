/** The recipe that settings stand for. */
import { type LearningRecipe, parseRecipe, type Recipe } from "@difftap/trainer";
import { givenDuration } from "./duration.js";
import type { OneHead } from "./one-head.js";
import { named } from "./setting-values.js";

/** The settings that say how one head learns. */
export type Learning = Pick<
  OneHead,
  | "optimizer"
  | "learningRate"
  | "schedule"
  | "epochs"
  | "steps"
  | "examples"
  | "warmUp"
  | "clipNorm"
  | "labelSmoothing"
  | "mixup"
  | "ema"
  | "patience"
  | "batch"
  | "order"
>;

/**
 * Of several learning rates the first.
 * @throws DifftapError CONFIG_INVALID naming the flag or field that is wrong.
 */
export function recipeOf(settings: Learning): Recipe {
  const { mixup, batch, order, epochs, steps, examples } = settings;
  const duration = givenDuration({ epochs, steps, examples }) ?? { epochs: 28 };
  const stream = { duration, batch, seed: order, ...given({ mixup }) };
  const recipe = { ...learningOf(settings), ...stream } as Recipe;
  parseRecipe(recipe);
  return recipe;
}

/** What is a head's own in it. */
export function learningOf(settings: Learning): LearningRecipe {
  const { warmUp, ema, learningRate, clipNorm, labelSmoothing, patience } = settings;
  return {
    optimizer: named("optimizer", settings.optimizer),
    learningRate: learningRate[0]!,
    schedule: named("schedule", settings.schedule),
    ...given({ clipNorm, labelSmoothing, patience }),
    ...(warmUp && { warmUp: { epochs: warmUp } }),
    ...(ema && { ema: { decay: ema, warmUp: true } }),
  } as LearningRecipe;
}

/** What was given and is not 0, which means "without". */
function given(values: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number] => Boolean(entry[1])),
  );
}
