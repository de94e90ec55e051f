/** Evaluation in the course of a training: scores are logged, the best weights kept, patience counted. */
import { divergence } from "./divergence.js";
import type { Score } from "./evaluate.js";
import { isBetter, type Learner, labelled, withAverages } from "./learner.js";
import { fail, inTraining, type Measure, type Measures, placeOf, type Run } from "./run.js";
import { captureModel } from "./state.js";

/** True where training stands at an evaluation that has not been made. */
export function evaluationIsDue(run: Run): boolean {
  const { step, evaluated, every, plan } = run;
  if (!isEvaluated(run) || step === 0 || evaluated === step) return false;
  return step % every.evaluation === 0 || step >= plan.steps;
}

function isEvaluated({ options, judging }: Run): boolean {
  return options.validation !== undefined || judging.measure !== undefined;
}

/**
 * Evaluates every model that is in training: classifiers in one read of the validation set.
 * @throws DifftapError LABELS_MISMATCH, INTERRUPTED (nothing has changed then), NUMERIC when the last model fails.
 */
export async function evaluateRun<S extends Score>(run: Run<S>): Promise<void> {
  const { measure } = run.judging;
  const values = await (measure ? measureRun(run, measure) : scoreRun(run));
  const { step, plan } = run;
  await run.log?.append({ step, epoch: step / plan.stepsPerEpoch, split: "validation", values });
  run.evaluated = step;
}

async function measureRun(run: Run, measure: Measure): Promise<Measures> {
  const { signal, onProgress } = run.options;
  run.measures = await withAverages(run.learners, () => measure({ signal, onProgress }));
  return run.measures;
}

async function scoreRun<S extends Score>(run: Run<S>): Promise<Measures> {
  const learners = inTraining(run);
  await withAverages(learners, async () => {
    const scores = await assess(run, learners);
    for (const [index, learner] of learners.entries()) await judge(run, learner, scores[index]!);
  });
  const sound = learners.filter(({ evaluation }) => evaluation !== undefined);
  return Object.assign({}, ...sound.map(valuesOf));
}

/** Scores for the result of those that have none of their present weights: after a resumption. Nothing is logged. */
export async function evaluateRest<S extends Score>(run: Run<S>): Promise<void> {
  const { measure } = run.judging;
  if (measure !== undefined && run.measures === undefined) await measureRun(run, measure);
  const rest = run.learners.filter(
    ({ evaluation, progress }) => evaluation === undefined && progress.status !== "failed",
  );
  if (rest.length === 0 || run.options.validation === undefined) return;
  const scores = await withAverages(rest, () => assess(run, rest));
  for (const [index, learner] of rest.entries()) learner.evaluation = scores[index]!;
}

function assess<S extends Score>({ judging, options, plan }: Run<S>, learners: readonly Learner<S>[]) {
  const { validation, signal, onProgress } = options;
  const models = learners.flatMap(({ model }) => ("forward" in model ? [model] : []));
  return judging.assess!(models, validation!, { batch: plan.batch, signal, onProgress });
}

/** Called while the averages stand in the parameters' place, so that the best is what was evaluated. */
async function judge<S extends Score>(run: Run<S>, learner: Learner<S>, score: S): Promise<void> {
  const { progress, recipe, model } = learner;
  if (!Number.isFinite(score.loss))
    return fail(run, learner, divergence(`validation loss ${score.loss}`, placeOf(run, learner)));
  learner.evaluation = score;
  if (isBetter(learner, score)) {
    progress.best = { step: run.step, value: score[recipe.best], tensors: await captureModel(model) };
    progress.stale = 0;
    return;
  }
  progress.stale += 1;
  if (recipe.patience !== undefined && progress.stale >= recipe.patience) progress.status = "stopped";
}

function valuesOf({ name, evaluation }: Learner): Record<string, number> {
  const { loss, top1 } = evaluation!;
  return { [labelled(name, "loss")]: loss, [labelled(name, "top1")]: 100 * top1 };
}
