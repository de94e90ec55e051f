/**
 * One step: the gradient of every part, summed over parts and ranks, then the optimiser and the averages. In one part and alone a step is
 * one graph, and its losses are the only thing read, when they are wanted.
 */
import { tf } from "@difftap/engine";
import { learningRateAt, recordUpdate } from "@difftap/trainer";
import { added, type Gradients, gradientsOfPart } from "./accumulate.js";
import type { Part } from "./part.js";
import { toEngine } from "./part.js";
import { reduceGradients, reduceLosses } from "./reduce.js";
import type { PretrainingRun } from "./run.js";
import type { DrawnTimesteps } from "./timesteps/sampler.js";

/** Means over a step's batch. */
export interface PretrainingStep {
  readonly loss: number;
  readonly mse: number;
  readonly vb: number;
  readonly learningRate: number;
  /** Before clipping; undefined where the recipe does not clip. */
  readonly gradientNorm: number | undefined;
}

/** A step that is recorded, and whose numbers are on their way. */
export interface StepUnderWay {
  /** Steps before it. */
  readonly step: number;
  readonly drawn: DrawnTimesteps;
  readonly numbers: Promise<StepNumbers>;
}

interface StepNumbers {
  /** [3, batch] */
  readonly losses: Float32Array;
  /** Of the gradients before clipping; undefined where the recipe does not clip. */
  readonly norm: number | undefined;
}

interface BegunPart {
  /** [3, n] and, of the last part of a step that is alone, the gradients' norm behind them. */
  readonly values: Promise<Float32Array>;
  /** Of this part and those before it; undefined once the step has taken them. */
  readonly gradients: Gradients | undefined;
}

/**
 * Records a step with this rank's parts of its batch, in the order they come in, and has it computed.
 * @throws DifftapError LABELS_MISMATCH, CONFIG_INVALID, NUMERIC for a parameter without a gradient.
 */
export async function beginStep(
  run: PretrainingRun,
  parts: AsyncIterable<Part>,
  step: number,
): Promise<StepUnderWay> {
  const { recipe, collective, sampler } = run;
  const drawn = sampler.draw({ seed: recipe.seed, step }, recipe.batch);
  const losses = new Float32Array(3 * recipe.batch);
  let gradients: Gradients | undefined;
  let numbers: Promise<StepNumbers> = Promise.resolve({ losses, norm: undefined });
  let begun = 0;
  for await (const part of parts) {
    begun += 1;
    const place = { step, before: gradients, last: begun === recipe.accumulate };
    const own = beginPart(run, part, drawn, place);
    // One part may be recorded while another is computed; more would only lie in memory.
    await numbers;
    numbers = unasked(own.values.then((values) => ({ losses, norm: writeLosses(values, part, losses) })));
    gradients = own.gradients;
  }
  if (collective.size > 1) numbers = unasked(reduceStep(run, step, await numbers, gradients!));
  return { step, drawn, numbers };
}

/** The numbers of a step that was begun, once they are there. */
export async function readStep(
  { recipe, plan, sampler }: PretrainingRun,
  { step, drawn, numbers }: StepUnderWay,
): Promise<PretrainingStep> {
  const { losses, norm } = await numbers;
  sampler.observe(drawn.timesteps, losses.subarray(0, recipe.batch));
  const learningRate = learningRateAt(recipe, step, plan);
  return { ...means(losses, drawn.weights), learningRate, gradientNorm: norm };
}

/** Where something else ends the training, nobody asks for what was under way, nor for what went wrong with it. */
function unasked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function beginPart(
  run: PretrainingRun,
  part: Part,
  drawn: DrawnTimesteps,
  { step, before, last }: { step: number; before: Gradients | undefined; last: boolean },
): BegunPart {
  const { model, schedule, recipe, collective } = run;
  const { first, count } = part.places;
  let kept: Gradients | undefined;
  const numbers = tf.tidy(() => {
    const { classes } = model;
    const timesteps = drawn.timesteps.subarray(first, first + count);
    const weights = drawn.weights.slice(first, first + count);
    const onEngine = toEngine(part, { schedule, recipe, timesteps, weights, classes });
    const forward = (step * recipe.batch + first) / count;
    const own = gradientsOfPart({ model, schedule, recipe, part: onEngine, forward });
    const sums = added(own.gradients, before);
    const losses = tf.reshape(own.losses, [3 * count]);
    own.losses.dispose();
    if (last && collective.size === 1) {
      const norm = record(run, step, sums);
      return norm ? tf.concat([losses, tf.reshape(norm, [1])]) : losses;
    }
    kept = new Map([...sums].map(([name, sum]) => [name, tf.keep(sum)]));
    return losses;
  });
  const values = unasked(read(numbers));
  for (const gradient of before?.values() ?? []) gradient.dispose();
  return { values, gradients: kept };
}

/** Asks at once, which is when an engine that records begins to compute; the tensor is not needed after that. */
async function read(numbers: tf.Tensor): Promise<Float32Array> {
  const reading = numbers.data();
  numbers.dispose();
  return Float32Array.from(await reading);
}

/** Puts a part's losses in their places among those of the step; gives the norm behind them, where there is one. */
function writeLosses(
  values: Float32Array,
  { places: { first, count } }: Part,
  losses: Float32Array,
): number | undefined {
  const batch = losses.length / 3;
  for (let row = 0; row < 3; row++) {
    losses.set(values.subarray(row * count, (row + 1) * count), row * batch + first);
  }
  return values[3 * count];
}

/** Losses and gradients of all ranks, and the update with them. */
async function reduceStep(
  run: PretrainingRun,
  step: number,
  { losses }: StepNumbers,
  gradients: Gradients,
): Promise<StepNumbers> {
  reduceLosses(losses, run.collective);
  const sums = await reduceGradients(gradients, run.collective);
  return { losses, norm: await updateTogether(run, step, sums) };
}

/** The update with gradients that all ranks have summed up. */
async function updateTogether(
  run: PretrainingRun,
  step: number,
  gradients: Gradients,
): Promise<number | undefined> {
  const norm = tf.tidy(() => {
    const found = record(run, step, gradients);
    return found === undefined ? tf.zeros([1]) : tf.reshape(found, [1]);
  });
  const [value] = await read(norm);
  for (const gradient of gradients.values()) gradient.dispose();
  return run.recipe.clipNorm === undefined ? undefined : value;
}

function record(
  { optimizer, averages, recipe, plan }: PretrainingRun,
  step: number,
  gradients: Gradients,
): tf.Scalar | undefined {
  const rate = learningRateAt(recipe, step, plan);
  return recordUpdate({ optimizer, averages, clipNorm: recipe.clipNorm }, gradients, {
    rate,
    step: step + 1,
  });
}

function means(losses: Float32Array, weights: Float32Array) {
  const batch = weights.length;
  const mean = (row: number) => {
    const own = losses.subarray(row * batch, (row + 1) * batch);
    return own.reduce((sum, value, place) => sum + value * weights[place]!, 0) / batch;
  };
  return { loss: mean(0), mse: mean(1), vb: mean(2) };
}
