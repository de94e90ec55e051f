/**
 * One step: the gradient of every part, summed over parts and ranks, then the optimiser and the averages. In one part and alone a step is
 * one graph, and its losses are the only thing read.
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

interface Numbers {
  /** [3, n] and, of the last part of a step that is alone, the gradients' norm behind them. */
  readonly values: Float32Array;
  readonly gradients: Gradients | undefined;
}

/**
 * Takes a step with this rank's parts of its batch, in the order they come in.
 * @throws DifftapError LABELS_MISMATCH, CONFIG_INVALID, NUMERIC for a parameter without a gradient.
 */
export async function takeStep(run: PretrainingRun, parts: AsyncIterable<Part>): Promise<PretrainingStep> {
  const { recipe, plan, collective, sampler, step } = run;
  const drawn = sampler.draw({ seed: recipe.seed, step }, recipe.batch);
  const all = new Float32Array(3 * recipe.batch);
  let [gradients, norm, done]: [Gradients | undefined, number | undefined, number] = [
    undefined,
    undefined,
    0,
  ];
  for await (const part of parts) {
    done += 1;
    const last = done === recipe.accumulate;
    const computed = await computePart(run, part, drawn, { before: gradients, last });
    gradients = computed.gradients;
    const { first, count } = part.places;
    for (let row = 0; row < 3; row++) {
      all.set(computed.values.subarray(row * count, (row + 1) * count), row * recipe.batch + first);
    }
    norm = computed.values[3 * count];
  }
  if (collective.size > 1) {
    reduceLosses(all, collective);
    norm = await updateTogether(run, await reduceGradients(gradients!, collective));
  }
  sampler.observe(drawn.timesteps, all.subarray(0, recipe.batch));
  const learningRate = learningRateAt(recipe, step, plan);
  return { ...means(all, drawn.weights), learningRate, gradientNorm: norm };
}

async function computePart(
  run: PretrainingRun,
  part: Part,
  drawn: DrawnTimesteps,
  { before, last }: { before: Gradients | undefined; last: boolean },
): Promise<Numbers> {
  const { model, schedule, recipe, collective } = run;
  const { first, count } = part.places;
  let kept: Gradients | undefined;
  const numbers = tf.tidy(() => {
    const { classes } = model;
    const timesteps = drawn.timesteps.subarray(first, first + count);
    const weights = drawn.weights.slice(first, first + count);
    const onEngine = toEngine(part, { schedule, recipe, timesteps, weights, classes });
    const forward = (run.step * recipe.batch + first) / count;
    const own = gradientsOfPart({ model, schedule, recipe, part: onEngine, forward });
    const sums = added(own.gradients, before);
    const losses = tf.reshape(own.losses, [3 * count]);
    own.losses.dispose();
    if (last && collective.size === 1) {
      const norm = record(run, sums);
      return norm ? tf.concat([losses, tf.reshape(norm, [1])]) : losses;
    }
    kept = new Map([...sums].map(([name, sum]) => [name, tf.keep(sum)]));
    return losses;
  });
  const values = Float32Array.from(await numbers.data());
  numbers.dispose();
  for (const gradient of before?.values() ?? []) gradient.dispose();
  return { values, gradients: kept };
}

/** The update with gradients that all ranks have summed up. */
async function updateTogether(run: PretrainingRun, gradients: Gradients): Promise<number | undefined> {
  const norm = tf.tidy(() => {
    const found = record(run, gradients);
    return found === undefined ? tf.zeros([1]) : tf.reshape(found, [1]);
  });
  const [value] = await norm.data();
  norm.dispose();
  for (const gradient of gradients.values()) gradient.dispose();
  return run.recipe.clipNorm === undefined ? undefined : value;
}

function record({ optimizer, averages, recipe, plan, step }: PretrainingRun, gradients: Gradients) {
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
