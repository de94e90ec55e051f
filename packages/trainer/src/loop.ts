/** The training loop: seeded order, one step of every model per batch, evaluation and checkpoints between. */
import { setImmediate } from "node:timers/promises";
import { DifftapError, isDifftapError, permutation, streams, throwIfAborted } from "@difftap/core";
import { computesAside } from "./ahead.js";
import { checkFeatures, divergence, isHopeless } from "./divergence.js";
import type { Score } from "./evaluate.js";
import { evaluateRest, evaluateRun, evaluationIsDue } from "./evaluate-run.js";
import { type Learner, labelled } from "./learner.js";
import { fail, inTraining, isFinished, placeOf, type Run, saveRun } from "./run.js";
import type { LabelledBatch } from "./source.js";
import { beginStep, type StepOutcome } from "./step.js";

/**
 * Trains from wherever the run stands to its end; models then hold their averages, where their recipes average.
 * @throws DifftapError as `train` says.
 */
export async function trainToEnd<S extends Score>(run: Run<S>): Promise<void> {
  try {
    if (evaluationIsDue(run)) await betweenSteps(run);
    while (!isFinished(run)) await trainEpoch(run);
    await evaluateRest(run);
  } catch (error) {
    if (isDifftapError(error, "INTERRUPTED")) throw await interrupted(run, error);
    throw error;
  }
  for (const { average, progress } of run.learners) if (progress.status !== "failed") average?.adopt();
}

/** From wherever the run stands to the end of its epoch, or of the training. */
async function trainEpoch(run: Run): Promise<void> {
  const { options, plan } = run;
  const { source, signal } = options;
  const { seed } = run.learners[0]!.recipe;
  const epoch = Math.floor(run.step / plan.stepsPerEpoch);
  const address = { seed, stream: streams.order, index: epoch };
  const order = source.order?.(address) ?? permutation(address, source.length);
  const done = (run.step % plan.stepsPerEpoch) * plan.batch;
  throwIfAborted(signal);
  try {
    for await (const batch of source.batches(order.subarray(done), { batch: plan.batch, epoch, signal })) {
      throwIfAborted(signal);
      await takeStep(run, batch);
      if (run.pending === undefined) await betweenSteps(run);
      // Training computes on this thread: a signal gets its turn here.
      await setImmediate();
      if (isFinished(run)) return;
    }
  } finally {
    // Whatever ends the epoch early, the step that was begun counts.
    report(run, await settle(run));
  }
}

/** Begins a step, and settles the one before it meanwhile; this one too unless it may wait for the next. */
async function takeStep(run: Run, batch: LabelledBatch): Promise<void> {
  const next = beginStep(inTraining(run), batch, stepsBegun(run), run.plan);
  const before = await settle(run);
  // The weights are already those of the step that was begun: should the report end the training, that step counts too. Not where those
  // that it was recorded for have failed.
  if (inTraining(run).length > 0) run.pending = next;
  report(run, before);
  if (!computesAside() || isPause(run, stepsBegun(run))) report(run, await settle(run));
}

function stepsBegun({ step, pending }: Run): number {
  return pending === undefined ? step : step + 1;
}

/** Whether anything is due after so many steps; the weights then have to be those of that step. */
function isPause({ plan, every }: Run, steps: number): boolean {
  const due = [plan.stepsPerEpoch, every.evaluation, every.checkpoint];
  return steps >= plan.steps || due.some((interval) => steps % interval === 0);
}

/**
 * Takes the step that was begun into account, once its numbers are there, and gives the losses of those that it did not break.
 * @throws DifftapError NUMERIC as `countStep`.
 */
async function settle(run: Run): Promise<readonly number[]> {
  const { pending } = run;
  if (pending === undefined) return [];
  run.pending = undefined;
  const outcomes = await pending.outcomes;
  run.step += 1;
  const sound = pending.learners.flatMap((learner, index) => {
    const outcome = outcomes[index]!;
    return countStep(run, learner, outcome, pending.batch) ? [{ learner, outcome }] : [];
  });
  if (sound.length === 0) return [];
  const { step, plan } = run;
  const values = Object.assign({}, ...sound.map(valuesOf));
  await run.log?.append({ step, epoch: step / plan.stepsPerEpoch, split: "train", values });
  return sound.map(({ outcome }) => outcome.loss);
}

/** Tells of the step that was taken into account last, where it left any losses; what is told may throw. */
function report({ step, plan, options }: Run, losses: readonly number[]): void {
  if (losses.length === 0) return;
  options.onProgress?.({
    task: "training",
    done: step,
    total: plan.steps,
    unit: "steps",
    detail: detailOf(losses),
  });
}

/** Takes a step into account; false when it broke the learner. @throws DifftapError NUMERIC when nothing is left to train, or for broken features. */
function countStep(
  run: Run,
  learner: Learner,
  { loss, classes }: StepOutcome,
  batch: LabelledBatch,
): boolean {
  // It failed a step ago, when this one had been recorded.
  if (learner.progress.status !== "training") return false;
  learner.progress.steps = run.step;
  learner.evaluation = undefined;
  run.measures = undefined;
  if (isHopeless(loss, classes)) {
    const place = placeOf(run, learner);
    checkFeatures(batch, loss, place);
    fail(run, learner, divergence(`loss ${loss}`, place));
    return false;
  }
  const { sum, steps } = learner.losses;
  learner.losses = { sum: sum + loss, steps: steps + 1 };
  return true;
}

function valuesOf({ learner, outcome }: { learner: Learner; outcome: StepOutcome }): Record<string, number> {
  const { loss, learningRate, gradientNorm, terms } = outcome;
  const values = { loss, ...terms, learningRate, ...(gradientNorm !== undefined && { gradientNorm }) };
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [labelled(learner.name, key), value]),
  );
}

function detailOf(losses: readonly number[]): string {
  const [low, high] = [Math.min(...losses).toFixed(4), Math.max(...losses).toFixed(4)];
  return low === high ? `loss ${low}` : `losses ${low} to ${high}`;
}

async function betweenSteps(run: Run): Promise<void> {
  if (evaluationIsDue(run)) await evaluateRun(run);
  if (isFinished(run) || run.step % run.every.checkpoint === 0) await saveRun(run);
}

async function interrupted(run: Run, cause: DifftapError): Promise<DifftapError> {
  await saveRun(run);
  const { step, checkpoint } = run;
  return new DifftapError("INTERRUPTED", `interrupted after step ${step} of ${run.plan.steps}`, {
    hint: checkpoint
      ? "run the same command again to continue"
      : "train into a folder to be able to continue",
    details: { step, checkpoint },
    cause,
  });
}
