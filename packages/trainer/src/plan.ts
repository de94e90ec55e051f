/** A recipe laid out over a training set: how many steps there are, and the learning rate of each. */
import { DifftapError } from "@difftap/core";
import { type Duration, type LastBatch, type Pace, paceOf, stepsIn } from "./duration.js";
import { parseRecipe, type Recipe, type ResolvedRecipe } from "./recipe.js";
import { scheduleOf } from "./schedule-registry.js";

export interface TrainingPlan extends Pace {
  readonly steps: number;
}

/**
 * How many steps a recipe takes over a set of `samples`. An epoch takes each sample once; its last batch may be shorter.
 * @throws DifftapError CONFIG_INVALID naming the value that is wrong, also when a batch is larger than the set or warm-up takes all steps.
 */
export function planTraining(recipe: Recipe, samples: number): TrainingPlan {
  return planSteps(parseRecipe(recipe), samples, "shorter");
}

/** The same for any recipe that has a batch, a duration and perhaps a warm-up. @throws as `planTraining` */
export function planSteps(
  { batch, duration, warmUp }: Pick<ResolvedRecipe, "batch" | "duration" | "warmUp">,
  samples: number,
  last: LastBatch,
): TrainingPlan {
  if (batch > samples) {
    throw new DifftapError("CONFIG_INVALID", `batch ${batch} is larger than the set of ${samples} samples`, {
      hint: `a batch of at most ${samples}`,
      details: { batch, samples },
    });
  }
  const pace = paceOf(samples, batch, last);
  const steps = stepsIn(duration, pace);
  if (warmUp) checkWarmUp(stepsIn(warmUp, pace), steps);
  return { ...pace, steps };
}

function checkWarmUp(warmUp: number, steps: number): void {
  if (warmUp < steps) return;
  throw new DifftapError("CONFIG_INVALID", `warm-up of ${warmUp} steps in a training of ${steps}`, {
    hint: "a warm-up shorter than the training",
    details: { warmUp, steps },
  });
}

/** Learning rate of a step, counted from 0. The n steps of warm-up take 1/n, 2/n, … 1 of it. */
export function learningRateAt(
  { learningRate, schedule, warmUp }: Pick<ResolvedRecipe, "learningRate" | "schedule" | "warmUp">,
  step: number,
  plan: TrainingPlan,
): number {
  const rising = warmUp ? stepsIn(warmUp, plan) : 0;
  if (step < rising) return (learningRate * (step + 1)) / rising;
  const position = {
    step,
    steps: plan.steps,
    warmUp: rising,
    stepsIn: (duration: Duration) => stepsIn(duration, plan),
  };
  return learningRate * scheduleOf(schedule).factor(position, schedule);
}
