/**
 * One step of every model on the same batch. All of it is recorded on the engine first (forward, gradients, clipping, update, average);
 * then the losses of all models are asked for at once, the only read of a step.
 */
import { tf } from "@difftap/engine";
import { type EngineBatch, engineBatch } from "./batch.js";
import { differentiate } from "./differentiate.js";
import type { Learner } from "./learner.js";
import { type Loss, lossOf } from "./loss.js";
import { drawMixing } from "./mixup.js";
import { learningRateAt, type TrainingPlan } from "./plan.js";
import type { ResolvedRecipe } from "./recipe.js";
import type { LabelledBatch } from "./source.js";
import { recordUpdate } from "./update.js";

const LOSS = "loss";
const NORM = "gradientNorm";

export interface StepOutcome {
  readonly loss: number;
  /** Before clipping; undefined where the recipe does not clip. */
  readonly gradientNorm: number | undefined;
  readonly learningRate: number;
  /** How many the model tells apart; undefined where it has an objective of its own. */
  readonly classes: number | undefined;
  /** Parts of the loss by name, where the model has such; not weighted. */
  readonly terms: Readonly<Record<string, number>>;
}

interface Recorded {
  /** What `names` says, in its order. */
  readonly numbers: tf.Tensor1D;
  readonly names: readonly string[];
  readonly learningRate: number;
  readonly classes: number | undefined;
}

/** A step that is recorded, and whose numbers are on their way. */
export interface StepUnderWay {
  readonly learners: readonly Learner[];
  readonly batch: LabelledBatch;
  /** In the learners' order. */
  readonly outcomes: Promise<readonly StepOutcome[]>;
}

/**
 * Records a step of each learner on a batch, and has it computed. `step` counts from 0.
 * @throws DifftapError LABELS_MISMATCH for a label a model has no logit for, NUMERIC for a parameter without a gradient.
 */
export function beginStep(
  learners: readonly Learner[],
  batch: LabelledBatch,
  step: number,
  plan: TrainingPlan,
): StepUnderWay {
  let recorded: readonly Recorded[] = [];
  const numbers = tf.tidy(() => {
    const onEngine = engineBatch(batch, mixingOf(learners[0]!.recipe, step, batch.labels.length));
    recorded = learners.map((learner) => recordStep(learner, onEngine, step, plan));
    return tf.concat(recorded.map((each) => each.numbers));
  });
  const outcomes = readOutcomes(numbers, recorded);
  // Nobody asks for them where the step before turns out to be the last.
  outcomes.catch(() => undefined);
  return { learners, batch, outcomes };
}

/** Asks at once, which is when an engine that records begins to compute; the tensor is not needed after that. */
async function readOutcomes(numbers: tf.Tensor, recorded: readonly Recorded[]): Promise<StepOutcome[]> {
  const reading = numbers.data();
  numbers.dispose();
  const values = await reading;
  let read = 0;
  return recorded.map(({ names, learningRate, classes }) => {
    const named = names.map((name, place) => [name, values[read + place]!] as const);
    read += names.length;
    const { [LOSS]: loss, [NORM]: gradientNorm, ...terms } = Object.fromEntries(named);
    return { loss: loss!, gradientNorm, learningRate, classes, terms };
  });
}

function mixingOf({ mixup, seed }: ResolvedRecipe, step: number, n: number) {
  return mixup === undefined ? undefined : drawMixing(mixup, { seed, step }, n);
}

function recordStep(learner: Learner, batch: EngineBatch, step: number, plan: TrainingPlan): Recorded {
  const { model, recipe, optimizer, average } = learner;
  const learningRate = learningRateAt(recipe, step, plan);
  let parts: Loss | undefined;
  const totalOf = () => {
    parts = lossOf(model, recipe, batch, step);
    // The tape's own tidy would take them.
    for (const term of Object.values(parts.terms)) tf.keep(term);
    return parts.total;
  };
  let names: string[] = [];
  const numbers = tf.tidy(() => {
    const { loss, gradients } = differentiate(model.variables, totalOf);
    const averages = average ? [average] : [];
    const norm = recordUpdate({ optimizer, averages, clipNorm: recipe.clipNorm }, gradients, {
      rate: learningRate,
      step: step + 1,
    });
    const found = { [LOSS]: loss, ...parts!.terms, ...(norm && { [NORM]: norm }) };
    names = Object.keys(found);
    return tf.stack(Object.values(found)) as tf.Tensor1D;
  });
  tf.dispose(Object.values(parts!.terms));
  return { numbers, names, learningRate, classes: parts!.classes };
}
