/** Notices that pretraining has broken, and says where. */
import type { DifftapError } from "@difftap/core";
import { divergence, firstBroken, learningRateAt, type StepPlace, type Tensors } from "@difftap/trainer";
import type { PretrainingRun } from "./run.js";
import type { PretrainingStep } from "./step.js";

/** Predicting nothing has a squared error of about one; a loss this many times that never comes back by itself. */
const HOPELESS = 1000;
/** Of the variational term before training, in bits per dimension. */
const USUAL_BITS = 20;

/** @throws DifftapError NUMERIC naming step, learning rate and last good checkpoint when a step broke the network. */
export function checkStep(run: PretrainingRun, { loss, gradientNorm = 0 }: PretrainingStep): void {
  if (!Number.isFinite(gradientNorm)) throw diverged(run, `gradient norm ${gradientNorm}`);
  if (!Number.isFinite(loss) || loss > HOPELESS * usualLoss(run)) throw diverged(run, `loss ${loss}`);
}

/** @throws DifftapError NUMERIC for a tensor with a value that is not finite: such a state is not worth keeping. */
export function brokenState(run: PretrainingRun, part: string, tensors: Tensors): void {
  const name = firstBroken(tensors);
  if (name !== undefined) throw diverged(run, `${part}.${name} is not finite`);
}

function usualLoss({ recipe: { loss, minSnr = 1 }, schedule }: PretrainingRun): number {
  if (loss === "KL") return USUAL_BITS;
  if (loss === "RESCALED_KL") return USUAL_BITS * schedule.steps;
  return Math.max(1, minSnr);
}

function diverged({ step, plan, recipe, checkpoint }: PretrainingRun, seen: string): DifftapError {
  const place: StepPlace = {
    model: "",
    step,
    epoch: step / plan.stepsPerEpoch,
    learningRate: learningRateAt(recipe, Math.max(0, step - 1), plan),
    lastCheckpoint: checkpoint,
  };
  return divergence(
    seen,
    place,
    "lower the learning rate, warm up longer, or clip the gradients; begin from the last good checkpoint in another folder",
  );
}
