/** How a model is trained, as data: saved with every checkpoint, compared when one is resumed. */
import { DifftapError, nearest } from "@difftap/core";

export interface SgdSettings {
  readonly kind: "sgd";
  /** 0 unless given, as the paper's. */
  readonly momentum?: number;
  /** Added to the gradient as weightDecay·w, for every parameter. 0 unless given. */
  readonly weightDecay?: number;
}

export type Schedule =
  | { readonly kind: "constant" }
  /** Multiplies the learning rate by `factor` after every `every` epochs. */
  | { readonly kind: "step"; readonly every: number; readonly factor: number };

/** Exactly one of the three. */
export type Duration =
  | { readonly epochs: number }
  | { readonly steps: number }
  | { readonly examples: number };

export interface Recipe {
  readonly optimizer: SgdSettings;
  readonly learningRate: number;
  readonly schedule: Schedule;
  readonly duration: Duration;
  readonly batch: number;
  /** Decides the order of the samples. */
  readonly seed: number;
}

/** The paper's protocol for linear heads: SGD without momentum or weight decay, ×0.1 every 7 of 28 epochs, batch 128. */
export const paperRecipe: Recipe = {
  optimizer: { kind: "sgd" },
  learningRate: 1e-2,
  schedule: { kind: "step", every: 7, factor: 0.1 },
  duration: { epochs: 28 },
  batch: 128,
  seed: 0,
};

export interface TrainingPlan {
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

/**
 * How many steps a recipe takes over a set of `length` samples. An epoch takes each sample once; its last batch may be shorter.
 * @throws DifftapError CONFIG_INVALID naming the value that is wrong, also when a batch is larger than the set.
 */
export function planTraining(recipe: Recipe, length: number): TrainingPlan {
  checkRecipe(recipe);
  if (recipe.batch > length) {
    throw new DifftapError(
      "CONFIG_INVALID",
      `batch ${recipe.batch} is larger than the set of ${length} samples`,
      {
        hint: `a batch of at most ${length}`,
        details: { batch: recipe.batch, length },
      },
    );
  }
  const stepsPerEpoch = Math.ceil(length / recipe.batch);
  return { stepsPerEpoch, steps: stepCount(recipe, length, stepsPerEpoch) };
}

function stepCount({ duration, batch }: Recipe, length: number, stepsPerEpoch: number): number {
  if ("steps" in duration) return duration.steps;
  if ("epochs" in duration) return Math.ceil(duration.epochs * stepsPerEpoch);
  const wholeEpochs = Math.floor(duration.examples / length);
  return wholeEpochs * stepsPerEpoch + Math.ceil((duration.examples - wholeEpochs * length) / batch);
}

/** Learning rate of a step, counted from 0. */
export function learningRateAt(
  { learningRate, schedule }: Recipe,
  step: number,
  stepsPerEpoch: number,
): number {
  if (schedule.kind === "constant") return learningRate;
  return learningRate * schedule.factor ** Math.floor(step / (stepsPerEpoch * schedule.every));
}

const durations = ["epochs", "steps", "examples"];

function checkRecipe({ optimizer, learningRate, schedule, duration, batch, seed }: Recipe): void {
  const { kind, momentum = 0, weightDecay = 0 } = optimizer;
  if (kind !== "sgd") throw unknown("optimizer", kind, ["sgd"]);
  requireThat(momentum >= 0 && momentum < 1, "momentum", momentum, "at least 0 and below 1");
  requireThat(Number.isFinite(weightDecay) && weightDecay >= 0, "weight decay", weightDecay, "at least 0");
  requireThat(Number.isFinite(learningRate) && learningRate > 0, "learning rate", learningRate, "above 0");
  requireThat(Number.isInteger(batch) && batch > 0, "batch", batch, "an integer above 0");
  requireThat(Number.isSafeInteger(seed) && seed >= 0, "seed", seed, "an integer of at least 0");
  checkSchedule(schedule);
  const given = Object.entries(duration);
  if (given.length !== 1) {
    const names = given.map(([name]) => name).join(" and ") || "none";
    throw new DifftapError("CONFIG_INVALID", `duration is given as ${names}`, {
      hint: `one of ${durations.join(", ")}`,
    });
  }
  const [unit, amount] = given[0] as [string, number];
  if (!durations.includes(unit)) throw unknown("duration", unit, durations);
  const whole = unit === "epochs" || Number.isInteger(amount);
  requireThat(
    Number.isFinite(amount) && amount > 0 && whole,
    unit,
    amount,
    "above 0, and whole but for epochs",
  );
}

function checkSchedule(schedule: Schedule): void {
  if (schedule.kind === "constant") return;
  if (schedule.kind !== "step") throw unknown("schedule", (schedule as Schedule).kind, ["constant", "step"]);
  requireThat(schedule.every > 0, "schedule.every", schedule.every, "a number of epochs above 0");
  requireThat(
    schedule.factor > 0 && schedule.factor <= 1,
    "schedule.factor",
    schedule.factor,
    "above 0, at most 1",
  );
}

function requireThat(holds: boolean, name: string, value: unknown, wanted: string): void {
  if (holds) return;
  throw new DifftapError("CONFIG_INVALID", `${name} is ${String(value)}`, {
    hint: `${name} has to be ${wanted}`,
    details: { name, value },
  });
}

function unknown(what: string, value: string, known: readonly string[]): DifftapError {
  return new DifftapError("CONFIG_INVALID", `${what} "${value}" is not known`, {
    hint: `did you mean "${nearest(String(value), known)}"? Known: ${known.join(", ")}`,
  });
}
