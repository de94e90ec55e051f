/**
 * The training loop: seeded order, one optimiser step per batch, evaluation and checkpoints between, resumable anywhere.
 *
 * ```ts
 * import { selectEngine } from "@difftap/engine";
 * import { memorySource, paperRecipe, train } from "@difftap/trainer";
 *
 * await selectEngine("auto");
 * const source = memorySource({ "t90/b09": features }, labels);
 * const { evaluation } = await train({ model: head, source, validation, recipe: paperRecipe, folder: "runs/linear" });
 * ```
 */
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { DifftapError, type LongWork, permutation, streams } from "@difftap/core";
import { tf } from "@difftap/engine";
import { differentiate } from "./batch.js";
import { latestCheckpoint, writeCheckpoint } from "./checkpoints.js";
import { checkLoss } from "./divergence.js";
import { type Evaluation, evaluate } from "./evaluate.js";
import { type MetricsLog, openMetricsLog } from "./metrics-log.js";
import { learningRateAt, planTraining, type Recipe, type TrainingPlan } from "./recipe.js";
import { createSgd, type Optimizer } from "./sgd.js";
import type { FeatureSource, LabelledBatch } from "./source.js";
import { assignState, captureState, checkSameTraining } from "./state.js";
import type { Trainable } from "./trainable.js";

export interface TrainOptions extends LongWork {
  /** Changed in place; on the running engine. */
  readonly model: Trainable;
  readonly source: FeatureSource;
  readonly recipe: Recipe;
  /** Evaluated after each epoch and at the end. */
  readonly validation?: FeatureSource;
  /** Takes `metrics.jsonl` and `checkpoints/`; a checkpoint in it is continued. Nothing is written without one. */
  readonly folder?: string;
  /** Steps between checkpoints; an epoch unless given. The last step always gets one. */
  readonly checkpointEvery?: number;
}

export interface TrainingResult {
  /** Steps done, those before a resumption among them. */
  readonly steps: number;
  /** The step that this call began after; 0 unless resumed. */
  readonly resumedFrom: number;
  /** Mean training loss of this call's steps; undefined when everything was done before. */
  readonly loss: number | undefined;
  /** At the end, where there is a validation set. */
  readonly evaluation: Evaluation | undefined;
  /** Path of the last checkpoint's JSON. */
  readonly checkpoint: string | undefined;
}

interface Run {
  readonly options: TrainOptions;
  readonly plan: TrainingPlan;
  readonly optimizer: Optimizer;
  readonly log: MetricsLog | undefined;
  step: number;
  checkpoint: string | undefined;
  evaluation: Evaluation | undefined;
  losses: { sum: number; steps: number };
}

/**
 * Trains a model, or continues from the newest checkpoint of the folder. On one engine, an interrupted and resumed training ends in
 * the same bits as an uninterrupted one.
 * @throws DifftapError CONFIG_INVALID (recipe), LABELS_MISMATCH, STORE_MISMATCH (the folder's checkpoint belongs to another training),
 * NUMERIC (NaN or divergence: step, learning rate and last good checkpoint named), WRITE_FAILED, INTERRUPTED (after saving).
 */
export async function train(options: TrainOptions): Promise<TrainingResult> {
  const plan = planTraining(options.recipe, options.source.length);
  checkInterval(options.checkpointEvery);
  const optimizer = createSgd(options.model.variables, options.recipe.optimizer);
  try {
    const run = await openRun(options, plan, optimizer);
    const resumedFrom = run.step;
    if (evaluationIsMissing(run)) await evaluateRun(run);
    while (run.step < plan.steps) await trainEpoch(run);
    if (options.validation && !run.evaluation) await evaluateRun(run);
    const { step: steps, evaluation, checkpoint, losses } = run;
    const loss = losses.steps > 0 ? losses.sum / losses.steps : undefined;
    return { steps, resumedFrom, loss, evaluation, checkpoint };
  } finally {
    optimizer.dispose();
  }
}

async function openRun(options: TrainOptions, plan: TrainingPlan, optimizer: Optimizer): Promise<Run> {
  const { folder, model } = options;
  const found = folder === undefined ? undefined : await latestCheckpoint(join(folder, "checkpoints"));
  if (found) {
    checkSameTraining(found, stateOf(options));
    assignState(model, optimizer, found);
  }
  const step = found?.step ?? 0;
  const log = folder === undefined ? undefined : await openMetricsLog(join(folder, "metrics.jsonl"), step);
  const losses = { sum: 0, steps: 0 };
  return { options, plan, optimizer, log, step, checkpoint: found?.path, evaluation: undefined, losses };
}

/** Stopped between an epoch's checkpoint and its evaluation. */
function evaluationIsMissing({ step, plan, log, options }: Run): boolean {
  const due = step > 0 && step < plan.steps && step % plan.stepsPerEpoch === 0;
  if (!due || !options.validation) return false;
  return !log?.kept.some((line) => line.step === step && line.split === "validation");
}

function checkInterval(steps: number | undefined): void {
  if (steps === undefined || (Number.isInteger(steps) && steps > 0)) return;
  throw new DifftapError("CONFIG_INVALID", `a checkpoint every ${steps} steps`, {
    hint: "an integer above 0",
  });
}

function stateOf({ recipe, source, model }: TrainOptions) {
  return { recipe, samples: source.length, model: model.description };
}

/** From wherever the run stands to the end of its epoch, or of the training. */
async function trainEpoch(run: Run): Promise<void> {
  const { options, plan } = run;
  const { source, recipe, signal } = options;
  const epoch = Math.floor(run.step / plan.stepsPerEpoch);
  const order = permutation({ seed: recipe.seed, stream: streams.order, index: epoch }, source.length);
  const done = (run.step % plan.stepsPerEpoch) * recipe.batch;
  for await (const batch of source.batches(order.subarray(done), { batch: recipe.batch, epoch, signal })) {
    if (signal?.aborted) await interrupt(run);
    await trainStep(run, batch);
    await betweenSteps(run);
    // Training computes on this thread: a signal gets its turn here.
    await setImmediate();
    if (run.step >= plan.steps) return;
  }
}

async function trainStep(run: Run, batch: LabelledBatch): Promise<void> {
  const { model, recipe, onProgress } = run.options;
  const { stepsPerEpoch, steps } = run.plan;
  const learningRate = learningRateAt(recipe, run.step, stepsPerEpoch);
  const { loss, classes, gradients } = await differentiate(model, batch);
  const place = { step: run.step + 1, epoch: (run.step + 1) / stepsPerEpoch, learningRate };
  try {
    checkLoss(loss, classes, batch, { ...place, lastCheckpoint: run.checkpoint });
    run.optimizer.update(gradients, learningRate);
  } finally {
    tf.dispose([...gradients.values()]);
  }
  run.step += 1;
  run.evaluation = undefined;
  run.losses = { sum: run.losses.sum + loss, steps: run.losses.steps + 1 };
  const values = { loss, learningRate };
  await run.log?.append({ step: place.step, epoch: place.epoch, split: "train", values });
  const detail = `loss ${loss.toFixed(4)}`;
  onProgress?.({ task: "training", done: run.step, total: steps, unit: "steps", detail });
}

async function betweenSteps(run: Run): Promise<void> {
  const { validation, checkpointEvery = run.plan.stepsPerEpoch } = run.options;
  const last = run.step === run.plan.steps;
  if (last || run.step % checkpointEvery === 0) await saveRun(run);
  if (validation && (last || run.step % run.plan.stepsPerEpoch === 0)) await evaluateRun(run);
}

async function saveRun(run: Run): Promise<void> {
  const { folder, model } = run.options;
  if (folder === undefined) return;
  const content = await captureState(model, run.optimizer);
  const state = { step: run.step, ...stateOf(run.options) };
  run.checkpoint = await writeCheckpoint(join(folder, "checkpoints"), state, content);
}

async function evaluateRun(run: Run): Promise<void> {
  const { model, validation, recipe, signal } = run.options;
  const evaluation = await evaluate(model, validation!, { batch: recipe.batch, signal });
  const { loss, top1 } = evaluation;
  run.evaluation = evaluation;
  const epoch = run.step / run.plan.stepsPerEpoch;
  await run.log?.append({ step: run.step, epoch, split: "validation", values: { loss, top1: 100 * top1 } });
}

async function interrupt(run: Run): Promise<never> {
  await saveRun(run);
  const { step, checkpoint } = run;
  throw new DifftapError("INTERRUPTED", `interrupted after step ${step} of ${run.plan.steps}`, {
    hint: checkpoint
      ? "run the same command again to continue"
      : "train into a folder to be able to continue",
    details: { step, checkpoint },
    cause: run.options.signal?.reason,
  });
}
