/**
 * One step of every model on the same batch. All of it is recorded on the engine first (forward, gradients, clipping, update, average);
 * then the losses of all models are read at once, the only read of a step.
 */
import { tf } from "@difftap/engine";
import { crossEntropy, type EngineBatch, engineBatch } from "./batch.js";
import { clipByGlobalNorm } from "./clip.js";
import type { Learner } from "./learner.js";
import { drawMixing } from "./mixup.js";
import { learningRateAt, type TrainingPlan } from "./plan.js";
import type { ResolvedRecipe } from "./recipe.js";
import type { LabelledBatch } from "./source.js";

export interface StepOutcome {
  readonly loss: number;
  /** Before clipping; undefined where the recipe does not clip. */
  readonly gradientNorm: number | undefined;
  readonly learningRate: number;
  /** How many the model tells apart. */
  readonly classes: number;
}

interface Recorded {
  /** [loss] or [loss, gradient norm]. */
  readonly numbers: tf.Tensor1D;
  readonly learningRate: number;
  readonly classes: number;
}

/**
 * Trains each learner on a batch. `step` counts from 0.
 * @throws DifftapError LABELS_MISMATCH for a label a model has no logit for, NUMERIC for a parameter without a gradient.
 */
export async function trainOnBatch(
  learners: readonly Learner[],
  batch: LabelledBatch,
  step: number,
  plan: TrainingPlan,
): Promise<StepOutcome[]> {
  let recorded: readonly Recorded[] = [];
  const numbers = tf.tidy(() => {
    const onEngine = engineBatch(batch, mixingOf(learners[0]!.recipe, step, batch.labels.length));
    recorded = learners.map((learner) => recordStep(learner, onEngine, step, plan));
    return tf.concat(recorded.map((each) => each.numbers));
  });
  const values = await numbers.data();
  numbers.dispose();
  let read = 0;
  return recorded.map(({ numbers: { size }, learningRate, classes }) => {
    const [loss, gradientNorm] = values.slice(read, read + size);
    read += size;
    return { loss: loss!, gradientNorm, learningRate, classes };
  });
}

function mixingOf({ mixup, seed }: ResolvedRecipe, step: number, n: number) {
  return mixup === undefined ? undefined : drawMixing(mixup, { seed, step }, n);
}

function recordStep(learner: Learner, batch: EngineBatch, step: number, plan: TrainingPlan): Recorded {
  const { recipe, optimizer, average } = learner;
  const learningRate = learningRateAt(recipe, step, plan);
  let classes = 0;
  const numbers = tf.tidy(() => {
    const { loss, gradients, ...found } = differentiate(learner, batch, step);
    classes = found.classes;
    const { clipNorm } = recipe;
    const clipped = clipNorm === undefined ? { gradients } : clipByGlobalNorm(gradients, clipNorm);
    optimizer.update(clipped.gradients, { rate: learningRate, step: step + 1 });
    average?.update(step + 1);
    return tf.stack("norm" in clipped ? [loss, clipped.norm] : [loss]) as tf.Tensor1D;
  });
  return { numbers, learningRate, classes };
}

/** Loss and gradients, by the parameters' names, in training mode. */
function differentiate({ model, recipe }: Learner, batch: EngineBatch, step: number) {
  let classes = 0;
  const lossOf = () => {
    const logits = model.forward(batch.features, { training: true, step });
    classes = logits.shape[1];
    return crossEntropy(logits, batch.targets(classes, recipe.labelSmoothing));
  };
  const { value: loss, grads } = tf.variableGrads(lossOf, [...model.variables.values()]);
  const named = [...model.variables].flatMap(([name, variable]) => {
    const gradient = grads[variable.name];
    return gradient ? [[name, gradient] as const] : [];
  });
  return { loss, classes, gradients: new Map<string, tf.Tensor>(named) };
}
