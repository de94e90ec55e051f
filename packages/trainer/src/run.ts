/** A training under way: what it is made of, how it begins or goes on where a checkpoint left it, and how it is saved. */
import { join } from "node:path";
import { DifftapError, type FileSystem, type LongWork, nodeFileSystem } from "@difftap/core";
import { type Checkpoint, latestCheckpoint, type ModelTensors, writeCheckpoint } from "./checkpoints.js";
import { divergence, type StepPlace } from "./divergence.js";
import { type Duration, durationSchema, stepsIn } from "./duration.js";
import type { EvaluateOptions, Score } from "./evaluate.js";
import { createLearner, disposeLearner, type Learner } from "./learner.js";
import type { LearningModel } from "./loss.js";
import { parseSettings } from "./parse-settings.js";
import { learningRateAt, planTraining, type TrainingPlan } from "./plan.js";
import { parseRecipe, type Recipe } from "./recipe.js";
import { type LogLengths, openRunLog, type RunLog } from "./run-log.js";
import { checkSameTraining } from "./same-training.js";
import type { FeatureSource } from "./source.js";
import { brokenTensor, captureLearner, modelState, resumeLearner } from "./state.js";
import type { StepUnderWay } from "./step.js";
import type { Trainable } from "./trainable.js";

export interface TrainingOptions extends LongWork {
  readonly source: FeatureSource;
  readonly recipe: Recipe;
  /** Evaluated as `evaluateEvery` says and at the end. */
  readonly validation?: FeatureSource | undefined;
  /** Takes `metrics.jsonl`, `tensorboard/` and `checkpoints/`; a checkpoint in it is continued. Nothing is written without one. */
  readonly folder?: string | undefined;
  /** An epoch unless given. */
  readonly evaluateEvery?: Duration | undefined;
  /** An epoch unless given. The last step always gets a checkpoint, after its evaluation. */
  readonly checkpointEvery?: Duration | undefined;
  /** The file system to write to; another one only in tests of crashes and full disks. */
  readonly fileSystem?: FileSystem | undefined;
}

/** A model and its own recipe; all recipes of a run have the same stream of batches. */
export interface Member {
  readonly name: string;
  readonly model: LearningModel;
  readonly recipe: Recipe;
}

/** How classifiers are evaluated: all in one read of the source. */
export type Assess<S extends Score> = (
  models: readonly Trainable[],
  source: FeatureSource,
  options: EvaluateOptions,
) => Promise<S[]>;

/** Numbers by name. */
export type Measures = Readonly<Record<string, number>>;

/** How whoever trains a model with an objective of its own evaluates it, as it then is. */
export type Measure = (work: LongWork) => Promise<Measures>;

/** Classifiers are assessed on the validation set; what else is trained is measured, where there is a way to. */
export type Judging<S extends Score> =
  | { readonly assess: Assess<S>; readonly measure?: undefined }
  | { readonly assess?: undefined; readonly measure: Measure | undefined };

export interface Run<S extends Score = Score> {
  readonly options: TrainingOptions;
  readonly plan: TrainingPlan;
  /** In steps. */
  readonly every: { readonly evaluation: number; readonly checkpoint: number };
  readonly learners: readonly Learner<S>[];
  readonly judging: Judging<S>;
  readonly log: RunLog | undefined;
  /** Steps done, their numbers checked. */
  step: number;
  /** The step behind them, where it has been begun. */
  pending: StepUnderWay | undefined;
  /** The last step that was evaluated. */
  evaluated: number;
  /** What was measured of the weights as they are now. */
  measures: Measures | undefined;
  /** Path of the last checkpoint's JSON. */
  checkpoint: string | undefined;
}

const NOTHING_WRITTEN: LogLengths = { metrics: 0, events: 0 };

/** @throws DifftapError CONFIG_INVALID, STORE_MISMATCH, WEIGHTS_MISMATCH, CHECKPOINT_REFUSED, READ_FAILED, WRITE_FAILED. */
export async function openRun<S extends Score>(
  options: TrainingOptions,
  members: readonly Member[],
  judging: Judging<S>,
): Promise<Run<S>> {
  const { folder, source, fileSystem = nodeFileSystem } = options;
  for (const { recipe } of members) checkPatience(recipe, options);
  const [plan] = members.map(({ recipe }) => planTraining(recipe, source.length));
  const every = {
    evaluation: intervalOf("evaluateEvery", options.evaluateEvery, plan!),
    checkpoint: intervalOf("checkpointEvery", options.checkpointEvery, plan!),
  };
  const found = folder === undefined ? undefined : await latestCheckpoint(checkpointsIn(folder));
  const learners = members.map(({ name, model, recipe }) =>
    createLearner<S>(name, model, parseRecipe(recipe)),
  );
  try {
    if (found) resumeFrom(found, learners, source.length);
    const { step = 0, evaluated = 0, written = NOTHING_WRITTEN, path: checkpoint } = found ?? {};
    const log = folder === undefined ? undefined : await openRunLog(folder, written, fileSystem);
    const own = { options, plan: plan!, every, learners, judging, log };
    return { ...own, step, pending: undefined, evaluated, measures: undefined, checkpoint };
  } catch (error) {
    for (const learner of learners) disposeLearner(learner);
    throw error;
  }
}

export async function closeRun({ learners, log }: Run): Promise<void> {
  for (const learner of learners) disposeLearner(learner);
  await log?.close();
}

const checkpointsIn = (folder: string) => join(folder, "checkpoints");

function intervalOf(name: string, duration: Duration | undefined, plan: TrainingPlan): number {
  return duration === undefined
    ? plan.stepsPerEpoch
    : stepsIn(parseSettings(durationSchema, duration, name), plan);
}

function checkPatience({ patience }: Recipe, { validation }: TrainingOptions): void {
  if (patience === undefined || validation !== undefined) return;
  throw new DifftapError("CONFIG_INVALID", `patience is ${patience}, but there is no validation set`, {
    hint: "patience counts evaluations: give a validation set, or leave it out",
  });
}

function resumeFrom(found: Checkpoint, learners: readonly Learner[], samples: number): void {
  checkSameTraining(found, { samples, models: learners.map(modelState) });
  const saved = new Map(found.models.map((model) => [model.name, model]));
  for (const learner of learners) resumeLearner(learner, saved.get(learner.name)!);
}

/** Those that still take steps. */
export function inTraining<S extends Score>({ learners }: Run<S>): Learner<S>[] {
  return learners.filter(({ progress }) => progress.status === "training");
}

export function isFinished(run: Run): boolean {
  return run.step >= run.plan.steps || inTraining(run).length === 0;
}

/** Where a learner stands after the last step. */
export function placeOf({ step, plan, checkpoint }: Run, { name, recipe }: Learner): StepPlace {
  return {
    model: name,
    step,
    epoch: step / plan.stepsPerEpoch,
    learningRate: learningRateAt(recipe, Math.max(0, step - 1), plan),
    lastCheckpoint: checkpoint,
  };
}

/** Takes a learner out of the training. @throws its error when it was the last one that had not failed. */
export function fail({ learners }: Run, { progress }: Learner, failure: DifftapError): void {
  Object.assign(progress, { status: "failed", failure });
  if (learners.every((each) => each.progress.status === "failed")) throw failure;
}

/**
 * Writes a checkpoint of all learners, once the log is safe on disk. A learner whose numbers are not finite fails here.
 * @throws DifftapError WRITE_FAILED; the checkpoints before it are intact then.
 */
export async function saveRun(run: Run): Promise<void> {
  const { options, learners, step, evaluated, log } = run;
  if (options.folder === undefined || log === undefined) return;
  const tensors = await Promise.all(learners.map((learner) => captureSound(run, learner)));
  const written = await log.sync();
  const models = learners.map(modelState);
  run.checkpoint = await writeCheckpoint(
    checkpointsIn(options.folder),
    { step, evaluated, samples: options.source.length, models, written },
    tensors,
    options.fileSystem ?? nodeFileSystem,
  );
}

async function captureSound(run: Run, learner: Learner): Promise<ModelTensors> {
  const tensors = await captureLearner(learner);
  const broken = brokenTensor(tensors);
  if (broken === undefined) return tensors;
  fail(run, learner, divergence(`${broken} is not finite`, placeOf(run, learner)));
  return captureLearner(learner);
}
