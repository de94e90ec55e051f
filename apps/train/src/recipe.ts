/** The recipe that settings stand for. */
import { DifftapError } from "@difftap/core";
import { type Duration, type LearningRecipe, parseRecipe, type Recipe } from "@difftap/trainer";
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
  const { mixup, batch, order } = settings;
  const stream = { duration: durationOf(settings), batch, seed: order, ...given({ mixup }) };
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

function durationOf({ epochs, steps, examples }: Learning): Duration {
  const durations = Object.entries({ epochs, steps, examples }).filter(([, amount]) => amount !== undefined);
  if (durations.length === 0) return { epochs: 28 };
  if (durations.length === 1) return Object.fromEntries(durations) as unknown as Duration;
  throw new DifftapError(
    "CONFIG_INVALID",
    `the duration is given as ${durations.map(([name]) => name).join(" and ")}`,
    {
      hint: "one of --epochs, --steps, --examples",
    },
  );
}
