/** One model in training: its recipe, what its optimiser and average hold, and how it fares. */
import type { DifftapError, NdArray } from "@difftap/core";
import { type Average, createAverage } from "./average.js";
import type { Score } from "./evaluate.js";
import type { LearningModel } from "./loss.js";
import type { Named, Optimizer } from "./optimizer.js";
import { optimizerOf } from "./optimizer-registry.js";
import type { ResolvedRecipe } from "./recipe.js";

/** The best weights so far, by the recipe's validation metric. */
interface Best {
  readonly step: number;
  /** Of the metric: top1 from 0 to 1, or the loss. */
  readonly value: number;
  /** Parameters and buffers as they were evaluated. */
  readonly tensors: Named<NdArray>;
}

/** What training changes about a learner beside its numbers on the engine. */
interface Progress {
  /** Steps it took. */
  steps: number;
  /** Stopped: its patience is at an end. Failed: it diverged, and is trained no more. */
  status: "training" | "stopped" | "failed";
  failure: DifftapError | undefined;
  best: Best | undefined;
  /** Evaluations since the best. */
  stale: number;
}

export interface Learner<S extends Score = Score> {
  /** Empty for one that is trained alone. */
  readonly name: string;
  readonly model: LearningModel;
  readonly recipe: ResolvedRecipe;
  readonly optimizer: Optimizer;
  readonly average: Average | undefined;
  readonly progress: Progress;
  /** Training losses since this call began. */
  losses: { readonly sum: number; readonly steps: number };
  /** Of the weights as they are now. */
  evaluation: S | undefined;
}

export function createLearner<S extends Score>(
  name: string,
  model: LearningModel,
  recipe: ResolvedRecipe,
): Learner<S> {
  return {
    name,
    model,
    recipe,
    optimizer: optimizerOf(recipe.optimizer, model.variables, model.rateShares),
    average: recipe.ema && createAverage(model.variables, recipe.ema),
    progress: { steps: 0, status: "training", failure: undefined, best: undefined, stale: 0 },
    losses: { sum: 0, steps: 0 },
    evaluation: undefined,
  };
}

export function disposeLearner({ optimizer, average }: Learner): void {
  optimizer.dispose();
  average?.dispose();
}

/** Does work while the averages, where there are any, stand in the parameters' place. */
export async function withAverages<T>(learners: readonly Learner[], work: () => Promise<T>): Promise<T> {
  const back = learners.map(({ average }) => average?.swapIn());
  try {
    return await work();
  } finally {
    for (const restore of back) restore?.();
  }
}

/** Better by the recipe's metric; the first evaluation always is. */
export function isBetter({ progress, recipe }: Learner, score: Score): boolean {
  const { best } = progress;
  if (best === undefined) return true;
  return recipe.best === "loss" ? score.loss < best.value : score[recipe.best] > best.value;
}

/** A name before a value where several models share a log. */
export function labelled(name: string, value: string): string {
  return name === "" ? value : `${name}/${value}`;
}
