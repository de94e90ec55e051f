/** The pretraining loop: seeded order, one step after the other, samples and checkpoints between. */
import { setImmediate } from "node:timers/promises";
import { DifftapError, isDifftapError, permutation, streams, throwIfAborted } from "@difftap/core";
import { computesAside } from "@difftap/trainer";
import { checkStep } from "./divergence.js";
import { type Part, preparePart } from "./part.js";
import { type PretrainingRun, saveRun } from "./run.js";
import { writeSamples } from "./samples.js";
import type { TrainingImages } from "./source.js";
import { beginStep, type PretrainingStep, readStep } from "./step.js";

/** Trains from wherever the run stands to its end. @throws DifftapError as `pretrain` says. */
export async function pretrainToEnd(run: PretrainingRun): Promise<void> {
  try {
    while (run.step < run.plan.steps) await trainEpoch(run);
  } catch (error) {
    if (isDifftapError(error, "INTERRUPTED")) throw await interrupted(run, error);
    throw error;
  }
}

/** From wherever the run stands to the end of its epoch, or of the training. */
async function trainEpoch(run: PretrainingRun): Promise<void> {
  const { options, plan, share, recipe } = run;
  const { signal, source } = options;
  const first = run.step;
  const last = Math.min(plan.steps, (Math.floor(first / plan.stepsPerEpoch) + 1) * plan.stepsPerEpoch);
  // Several ranks stop together, between steps; a source that stopped by itself would leave the others waiting.
  const alone = run.collective.size === 1;
  const batches = source.batches(ownIndices(run, first, last), { batch: share, ...(alone && { signal }) });
  const parts = ahead(preparedParts(run, batches, first));
  try {
    while (stepsBegun(run) < last) {
      stopTogether(run);
      await takeStep(run, take(parts, recipe.accumulate));
      // A signal gets its turn here.
      await setImmediate();
    }
  } finally {
    // Whatever ends the epoch early, the step that was begun counts.
    await settle(run)
      .then((done) => report(run, done))
      .finally(() => parts.return(undefined));
  }
}

/** Begins a step, and settles the one before it meanwhile; this one too unless it may wait for the next. */
async function takeStep(run: PretrainingRun, parts: AsyncIterable<Part>): Promise<void> {
  const next = await beginStep(run, parts, stepsBegun(run));
  const before = await settle(run);
  // The weights are already those of the step that was begun: should the report end the training, that step counts too.
  run.pending = next;
  report(run, before);
  if (!mayWait(run)) report(run, await settle(run));
}

function stepsBegun({ step, pending }: PretrainingRun): number {
  return pending === undefined ? step : step + 1;
}

/** Whether the next step may be recorded before this one's numbers are there: then the weights already are not those of this step. */
function mayWait(run: PretrainingRun): boolean {
  if (!computesAside() || run.collective.size > 1 || run.sampler.learns) return false;
  const steps = stepsBegun(run);
  return steps % run.plan.stepsPerEpoch !== 0 && !samplesAreDue(run, steps) && !checkpointIsDue(run, steps);
}

function samplesAreDue({ every, plan, options }: PretrainingRun, steps: number): boolean {
  return steps % every.samples === 0 || (steps === plan.steps && options.samples !== undefined);
}

function checkpointIsDue({ every, plan }: PretrainingRun, steps: number): boolean {
  return steps % every.checkpoint === 0 || steps === plan.steps;
}

/** Takes the step that was begun into account, once its numbers are there. @throws DifftapError NUMERIC when it broke the network. */
async function settle(run: PretrainingRun): Promise<PretrainingStep | undefined> {
  const { pending } = run;
  if (pending === undefined) return undefined;
  run.pending = undefined;
  const outcome = await readStep(run, pending);
  await afterStep(run, outcome);
  return outcome;
}

/** @throws DifftapError INTERRUPTED on every rank when the signal of one has fired. */
function stopTogether({ collective, options: { signal } }: PretrainingRun): void {
  const stopped = Float32Array.of(signal?.aborted ? 1 : 0);
  collective.allReduce(stopped);
  throwIfAborted(signal);
  if (stopped[0]! > 0) throw new DifftapError("INTERRUPTED", "another rank was interrupted");
}

/** Indices of the images that this rank needs for the steps from `first` to `last`, both of one epoch, in order. */
function ownIndices(
  { plan, recipe, options, collective, share }: PretrainingRun,
  first: number,
  last: number,
) {
  const epoch = Math.floor(first / plan.stepsPerEpoch);
  const order = permutation(
    { seed: recipe.seed, stream: streams.order, index: epoch },
    options.source.length,
  );
  const own = share * recipe.accumulate;
  const indices = new Uint32Array((last - first) * own);
  for (let step = first; step < last; step++) {
    const start = (step % plan.stepsPerEpoch) * recipe.batch + collective.rank * own;
    indices.set(order.subarray(start, start + own), (step - first) * own);
  }
  return indices;
}

async function* preparedParts(
  { recipe, collective, share }: PretrainingRun,
  batches: AsyncIterable<TrainingImages>,
  first: number,
): AsyncGenerator<Part> {
  let made = 0;
  for await (const images of batches) {
    const step = first + Math.floor(made / recipe.accumulate);
    const place = collective.rank * recipe.accumulate + (made % recipe.accumulate);
    made += 1;
    // Drawn while the engine computes the step before, not while that step is still being recorded.
    await setImmediate();
    yield preparePart(images, { first: place * share, count: share }, { seed: recipe.seed, step }, recipe);
  }
}

/** Makes the next item while the last one is in use. */
async function* ahead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = items.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = items.next();
      // Where it fails and nobody asks for it any more.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    await items.return(undefined);
  }
}

/** The next `count` items; those behind them stay for later. */
async function* take<T>(items: AsyncGenerator<T>, count: number): AsyncGenerator<T> {
  for (let taken = 0; taken < count; taken++) {
    const { done, value } = await items.next();
    if (done) throw new DifftapError("DATA_REFUSED", "the source gave fewer images than its length says");
    yield value;
  }
}

async function afterStep(run: PretrainingRun, outcome: PretrainingStep): Promise<void> {
  run.step += 1;
  checkStep(run, outcome);
  const { step, plan } = run;
  await run.log?.append({
    step,
    epoch: step / plan.stepsPerEpoch,
    split: "train",
    values: valuesOf(outcome),
  });
  if (samplesAreDue(run, step)) await writeSamples(run);
  if (checkpointIsDue(run, step)) await saveRun(run);
}

/** Tells of the step that was taken into account last, where there is one; what is told may throw. */
function report({ step, plan, recipe, options }: PretrainingRun, outcome: PretrainingStep | undefined): void {
  if (outcome === undefined) return;
  options.onProgress?.({
    task: "training",
    done: step,
    total: plan.steps,
    unit: "steps",
    detail: `loss ${outcome.loss.toFixed(4)}, ${(step * recipe.batch).toLocaleString("en")} images`,
  });
}

function valuesOf({ loss, mse, vb, learningRate, gradientNorm }: PretrainingStep): Record<string, number> {
  return { loss, mse, vb, learningRate, ...(gradientNorm !== undefined && { gradientNorm }) };
}

async function interrupted(run: PretrainingRun, cause: DifftapError): Promise<DifftapError> {
  await saveRun(run);
  const { step, checkpoint, plan } = run;
  return new DifftapError("INTERRUPTED", `interrupted after step ${step} of ${plan.steps}`, {
    hint: checkpoint
      ? "run the same command again to continue"
      : "train into a folder to be able to continue",
    details: { step, checkpoint },
    cause,
  });
}
