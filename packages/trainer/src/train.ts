/**
 * Training, of one model or of many in one pass. On one engine, a training that is interrupted or killed and resumed ends in the same
 * bits as an uninterrupted one.
 *
 * ```ts
 * import { selectEngine } from "@difftap/engine";
 * import { memorySource, paperRecipe, train, trainMany } from "@difftap/trainer";
 *
 * await selectEngine("auto");
 * const source = memorySource({ "t90/b09": features }, labels);
 * const { evaluation } = await train({ model: head, source, validation, recipe: paperRecipe, folder: "runs/linear" });
 *
 * const models = [0.1, 0.01].map((learningRate) => ({ name: `rate ${learningRate}`, model: newHead(), recipe: { learningRate } }));
 * const sweep = await trainMany({ models, source, validation, recipe: paperRecipe, folder: "runs/sweep" });
 * ```
 */
import { DifftapError } from "@difftap/core";
import { type Evaluation, evaluate, evaluateMany, type Score } from "./evaluate.js";
import type { Learner } from "./learner.js";
import { trainToEnd } from "./loop.js";
import { type LearningRecipe, type Recipe, sharedSettings } from "./recipe.js";
import {
  type Assess,
  closeRun,
  type Judging,
  type Measure,
  type Measures,
  type Member,
  openRun,
  type Run,
  type TrainingOptions,
} from "./run.js";
import type { ObjectiveModel, Trainable } from "./trainable.js";

export interface TrainOptions extends TrainingOptions {
  /** Changed in place; on the running engine. */
  readonly model: Trainable;
}

export interface ModelToTrain {
  /** Unique; in metrics and checkpoints. */
  readonly name: string;
  /** Changed in place; on the running engine. */
  readonly model: Trainable;
  /** What is its own; the rest is the common recipe's. */
  readonly recipe?: Partial<LearningRecipe> | undefined;
}

export interface TrainManyOptions extends TrainingOptions {
  readonly models: readonly ModelToTrain[];
}

/** What became of a model. */
export interface ModelResult<S extends Score = Score> {
  /** Steps it took, those before a resumption among them. */
  readonly steps: number;
  /** Mean training loss of this call's steps; undefined when everything was done before. */
  readonly loss: number | undefined;
  /** At the end, where there is a validation set. */
  readonly evaluation: S | undefined;
  /** The best evaluation by the recipe's metric (top1 from 0 to 1, or the loss) and its step; checkpoints hold its weights. */
  readonly best: { readonly step: number; readonly value: number } | undefined;
  /** Its patience came to an end. */
  readonly stoppedEarly: boolean;
}

export interface NamedResult extends ModelResult {
  readonly name: string;
  /** NUMERIC, saying where it diverged; it was trained no more from there. */
  readonly failure: DifftapError | undefined;
}

export interface TrainObjectiveOptions extends Omit<TrainingOptions, "validation"> {
  /** Changed in place; on the running engine. */
  readonly model: ObjectiveModel;
  /** Evaluates the model, with its averages where the recipe averages, as `evaluateEvery` says and at the end; its numbers are logged. */
  readonly measure?: Measure | undefined;
}

interface RunResult {
  /** The step that this call began after; 0 unless resumed. */
  readonly resumedFrom: number;
  /** Path of the last checkpoint's JSON. */
  readonly checkpoint: string | undefined;
}

export interface TrainingResult extends ModelResult<Evaluation>, RunResult {}

export interface ObjectiveResult extends Pick<ModelResult, "steps" | "loss">, RunResult {
  /** At the end, where there is a way to measure. */
  readonly measures: Measures | undefined;
}

export interface ManyResult extends RunResult {
  /** In the order given. */
  readonly models: readonly NamedResult[];
}

/**
 * Trains a model, or continues from the newest checkpoint of the folder.
 * @throws DifftapError CONFIG_INVALID (recipe), LABELS_MISMATCH, STORE_MISMATCH (the folder's checkpoint belongs to another training),
 * WEIGHTS_MISMATCH, CHECKPOINT_REFUSED, NUMERIC (NaN or divergence: step, learning rate and last good checkpoint named), READ_FAILED,
 * WRITE_FAILED, INTERRUPTED (after saving).
 */
export async function train({ model, ...options }: TrainOptions): Promise<TrainingResult> {
  const assess: Assess<Evaluation> = async ([only], source, how) => [await evaluate(only!, source, how)];
  const { run, resumedFrom } = await perform(options, [{ name: "", model, recipe: options.recipe }], {
    assess,
  });
  return { ...resultOf(run.learners[0]!), resumedFrom, checkpoint: run.checkpoint };
}

/**
 * Trains a model that has an objective of its own, such as a detector, or continues from the newest checkpoint of the folder. Labels of
 * the source are not read.
 * @throws DifftapError as `train`; CONFIG_INVALID for settings of the recipe that only classifiers have.
 */
export async function trainObjective({
  model,
  measure,
  ...options
}: TrainObjectiveOptions): Promise<ObjectiveResult> {
  checkObjectiveRecipe(options.recipe);
  const members = [{ name: "", model, recipe: options.recipe }];
  const { run, resumedFrom } = await perform(options, members, { measure });
  const { steps, loss } = resultOf(run.learners[0]!);
  return { steps, loss, measures: run.measures, resumedFrom, checkpoint: run.checkpoint };
}

function checkObjectiveRecipe({ mixup, labelSmoothing, patience, best }: Recipe): void {
  const given = Object.entries({ mixup, labelSmoothing, patience, best }).filter(([, value]) => value);
  if (given.length === 0) return;
  const names = given.map(([name]) => name);
  throw new DifftapError("CONFIG_INVALID", `only classifiers have ${names.join(" and ")}`, {
    hint: "leave that out: this model has an objective of its own",
    details: { names },
  });
}

/**
 * Trains many models on the same batches, each read once: learning rates, pools, taps, a whole grid. Each has its own optimiser,
 * metrics (`NAME/loss`), best weights and patience; one checkpoint holds them all. A model that diverges is trained no more and says so
 * in its result; the others go on.
 * @throws DifftapError as `train`; NUMERIC only when no model is left.
 */
export async function trainMany({ models, ...options }: TrainManyOptions): Promise<ManyResult> {
  checkNames(models.map(({ name }) => name));
  for (const model of models) checkOwnRecipe(model);
  const members = models.map(({ name, model, recipe }) => ({
    name,
    model,
    recipe: { ...options.recipe, ...recipe },
  }));
  const { run, resumedFrom } = await perform(options, members, { assess: evaluateMany });
  const results = run.learners.map((learner) => ({
    ...resultOf(learner),
    name: learner.name,
    failure: learner.progress.failure,
  }));
  return { models: results, resumedFrom, checkpoint: run.checkpoint };
}

async function perform<S extends Score>(
  options: TrainingOptions,
  members: readonly Member[],
  judging: Judging<S>,
): Promise<{ run: Run<S>; resumedFrom: number }> {
  const run = await openRun(options, members, judging);
  const resumedFrom = run.step;
  try {
    await trainToEnd(run);
    return { run, resumedFrom };
  } finally {
    await closeRun(run);
  }
}

function resultOf<S extends Score>({ progress, losses, evaluation }: Learner<S>): ModelResult<S> {
  const { steps, best, status } = progress;
  return {
    steps,
    loss: losses.steps > 0 ? losses.sum / losses.steps : undefined,
    evaluation,
    best: best && { step: best.step, value: best.value },
    stoppedEarly: status === "stopped",
  };
}

/** Colons part a model's name from its tensors' names in a checkpoint. */
function checkNames(names: readonly string[]): void {
  const wrong = names.find((name, index) => !/^[^:]+$/.test(name) || names.indexOf(name) !== index);
  if (wrong === undefined && names.length > 0) return;
  throw new DifftapError(
    "CONFIG_INVALID",
    wrong === undefined ? "no model to train" : `"${wrong}" is no name for a model, or is there twice`,
    { hint: "give each model a name of its own, without a colon", details: { names } },
  );
}

/** All models see the same batches. */
function checkOwnRecipe({ name, recipe = {} }: ModelToTrain): void {
  const shared = Object.keys(recipe).filter((key) => sharedSettings.includes(key));
  if (shared.length === 0) return;
  throw new DifftapError("CONFIG_INVALID", `model ${name} has a ${shared.join(" and ")} of its own`, {
    hint: `${sharedSettings.join(", ")} are the common recipe's`,
    details: { name, shared },
  });
}
