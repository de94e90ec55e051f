/** Pictures in the course of training: DDIM from the same noise each time, by the current average of the weights. */
import { type LongWork, type NdArray, ndarray } from "@difftap/core";
import { tf } from "@difftap/engine";
import { type ModelKind, respace, type Schedule, sampleImages } from "@difftap/scheduler";
import type { Duration } from "@difftap/trainer";
import type { Denoiser } from "./denoiser.js";
import { toEpsilon } from "./prediction.js";
import type { ResolvedPretrainingRecipe } from "./recipe.js";
import type { PretrainingRun } from "./run.js";

export interface SampleGrids {
  readonly every: Duration;
  /** Pictures of a grid. */
  readonly count: number;
  /** Network passes of each. */
  readonly steps: number;
  readonly seed: number;
  /** Side in pixels. */
  readonly size: number;
  /** Takes the pictures [count, 3, H, W] of a step, and how long they took to draw. */
  write(step: number, images: NdArray<"uint8">, seconds: number): Promise<void>;
}

export interface SampleChoice {
  readonly model: Denoiser;
  readonly schedule: Schedule;
  readonly recipe: Pick<ResolvedPretrainingRecipe, "prediction" | "variance">;
  readonly count: number;
  readonly steps: number;
  readonly seed: number;
  readonly size: number;
}

/** Draws and writes the grid of the step that a run stands at, by its first average. */
export async function writeSamples(run: PretrainingRun): Promise<void> {
  const { options, averages } = run;
  if (options.samples === undefined || run.collective.rank !== 0) return;
  const restore = averages[0]?.swapIn();
  try {
    const started = performance.now();
    const images = await drawSamples({ ...run, ...options.samples }, { signal: options.signal });
    await options.samples.write(run.step, images, (performance.now() - started) / 1000);
  } finally {
    restore?.();
  }
}

/**
 * Pictures by the network as it is, [count, 3, size, size]; classes of a class-conditional network take turns.
 * @throws DifftapError CONFIG_INVALID for more steps than the process has, NUMERIC, INTERRUPTED.
 */
export async function drawSamples(choice: SampleChoice, work: LongWork = {}): Promise<NdArray<"uint8">> {
  const { model, recipe, count, size, seed } = choice;
  const schedule = respace(choice.schedule, String(choice.steps));
  const samples = Array.from({ length: count }, (_, sample) => sample);
  const { classes } = model;
  const images = await sampleImages(
    {
      schedule,
      kind: kindOf(recipe),
      sampler: { name: "ddim" },
      shape: [3, size, size],
      samples,
      seed,
      predict: (x, fed, labels) => predict(choice, schedule, { x, fed, labels }),
      labels: classes === null ? undefined : Int32Array.from(samples, (sample) => sample % classes),
    },
    work,
  );
  const pixels = Uint8Array.from(images.data, (value) =>
    Math.min(255, Math.max(0, Math.round((value + 1) * 127.5))),
  );
  return ndarray("uint8", images.shape, pixels);
}

/** Answers come as ε; only DDIM with η = 0 is drawn, so that the variance does not matter but for its channels. */
function kindOf({ variance }: SampleChoice["recipe"]): ModelKind {
  return { mean: "EPSILON", variance };
}

interface Question {
  readonly x: NdArray<"float32">;
  readonly fed: readonly number[];
  readonly labels: Int32Array | undefined;
}

async function predict({ model, recipe }: SampleChoice, schedule: Schedule, { x, fed, labels }: Question) {
  const answer = tf.tidy(() =>
    model.forward(
      {
        x: tf.tensor(x.data, [...x.shape]),
        timesteps: tf.tensor1d([...fed]),
        ...(labels && { labels: tf.tensor1d(labels, "int32") }),
      },
      { training: false, dropoutAddress: { seed: 0, index: 0 } },
    ),
  );
  const data = Float32Array.from(await answer.data());
  answer.dispose();
  const t = schedule.networkTimesteps.indexOf(fed[0]!);
  toEpsilon(recipe.prediction, data, { x: x.data, samples: fed.length, t }, schedule);
  return ndarray("float32", answer.shape, data);
}
