/**
 * From noise to images: the whole walk from x_T to x_0 through a (respaced) process.
 *
 * ```ts
 * import { createSchedule, respace, sampleImages } from "@difftap/scheduler";
 *
 * const schedule = respace(createSchedule({ steps: 1000, schedule: "linear", rescaleTimesteps: false }), "ddim50");
 * const images = await sampleImages({
 *   schedule,
 *   kind: { mean: "EPSILON", variance: "LEARNED_RANGE" },
 *   sampler: { name: "ddim", eta: 0 },
 *   shape: [3, 32, 32],
 *   samples: [0, 1, 2, 3],
 *   seed: 1,
 *   predict: (x, timesteps) => network(x, timesteps),
 * });
 * ```
 *
 * Source: guided-diffusion, gaussian_diffusion.py (p_sample_loop, ddim_sample_loop) and respace.py.
 */
import {
  DifftapError,
  elementCount,
  type LongWork,
  type NdArray,
  ndarray,
  throwIfAborted,
} from "@difftap/core";
import type { ModelKind } from "./p-mean-variance.js";
import { ddimStep } from "./sample-ddim.js";
import { ddpmStep } from "./sample-ddpm.js";
import { startingNoise, stepNoise } from "./sampling-noise.js";
import type { Schedule } from "./schedule.js";

/**
 * A function of x_t [N, …shape], of what the network is fed as each sample's timestep (original timesteps, rescaled where the
 * process says so) and of the labels.
 */
export type OfNoisyImages = (
  x: NdArray<"float32">,
  timesteps: readonly number[],
  labels: Int32Array | undefined,
) => Promise<NdArray<"float32">>;

export type Sampler =
  | { readonly name: "ddpm" }
  /** η from 0 (default, deterministic) to 1. */
  | { readonly name: "ddim"; readonly eta?: number };

/** Pulls samples to where a log-probability is larger. */
export interface Guidance {
  /** ∇ log p(label | x_t) with respect to x_t, of x_t's shape. It is given the labels, whatever the network is given. */
  readonly gradient: OfNoisyImages;
  readonly scale: number;
}

export interface SamplingOptions {
  readonly schedule: Schedule;
  readonly kind: ModelKind;
  readonly sampler: Sampler;
  /** Of one sample: [C, H, W]. */
  readonly shape: readonly number[];
  /** Numbers of the samples to make, from 0; with the seed they name the noise. */
  readonly samples: readonly number[];
  readonly seed: number | bigint;
  /** The network: its raw output [N, C or 2·C, H, W]. */
  readonly predict: OfNoisyImages;
  /** One for each sample; handed to `predict` and to the gradient as they are. */
  readonly labels?: Int32Array | undefined;
  readonly guidance?: Guidance | undefined;
  /** Clip the predicted x_0 to [−1, 1]; default true. */
  readonly clip?: boolean;
}

/**
 * Draws samples: [N, …shape], about −1 to 1. Between the calls of the network everything is float64. Sample i is the same in
 * any batch and order, as far as the network's answers are.
 * @throws DifftapError USAGE_INVALID for no samples, an eta outside 0 to 1, labels or answers that do not fit; NUMERIC, naming
 * the step, when the network or the gradient answers with something that is no number; INTERRUPTED.
 */
export async function sampleImages(
  options: SamplingOptions,
  { signal, onProgress }: LongWork = {},
): Promise<NdArray<"float32">> {
  checkOptions(options);
  const { schedule, samples, shape, seed } = options;
  const address = { seed, samples, length: elementCount(shape) };
  let x = Float64Array.from(startingNoise(address));
  for (let t = schedule.steps - 1; t >= 0; t--) {
    throwIfAborted(signal);
    x = await step(options, x, t, () => stepNoise(address, t));
    onProgress?.({ task: "sampling", done: schedule.steps - t, total: schedule.steps, unit: "steps" });
  }
  return ndarray("float32", [samples.length, ...shape], Float32Array.from(x));
}

async function step(
  options: SamplingOptions,
  x: Float64Array<ArrayBuffer>,
  t: number,
  drawNoise: () => Float32Array,
): Promise<Float64Array<ArrayBuffer>> {
  const { schedule, kind, sampler, samples, clip = true } = options;
  const timesteps = new Array<number>(samples.length).fill(t);
  const modelOutput = await answer(options, "network", options.predict, x, t);
  const shared = { x, modelOutput, timesteps, clip, gradient: await scaledGradient(options, x, t) };
  if (sampler.name === "ddpm") return ddpmStep(schedule, kind, { ...shared, noise: drawNoise() }).sample;
  const { eta = 0 } = sampler;
  return ddimStep(schedule, kind, { ...shared, eta, ...(eta > 0 && { noise: drawNoise() }) }).sample;
}

async function scaledGradient(options: SamplingOptions, x: Float64Array, t: number) {
  const { guidance } = options;
  if (guidance === undefined) return undefined;
  const gradient = await answer(options, "gradient", guidance.gradient, x, t);
  return Float64Array.from(gradient, (value) => guidance.scale * value);
}

/** Asks the network or the gradient about x_t. */
async function answer(
  { schedule, samples, shape, labels }: SamplingOptions,
  who: string,
  ask: OfNoisyImages,
  x: Float64Array,
  t: number,
): Promise<Float32Array> {
  const fed = new Array<number>(samples.length).fill(schedule.networkTimesteps[t]!);
  const array = ndarray("float32", [samples.length, ...shape], Float32Array.from(x));
  const { data } = await ask(array, fed, labels);
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return data;
  throw new DifftapError("NUMERIC", `the ${who}'s answer at step ${t} holds ${data[wrong]}`, {
    hint: "the weights may be damaged, or the guidance scale too large",
    details: { step: t, position: wrong },
  });
}

function checkOptions({ samples, sampler, labels, guidance }: SamplingOptions): void {
  const eta = sampler.name === "ddim" ? (sampler.eta ?? 0) : 0;
  if (samples.length === 0) throw invalid("no samples were asked for");
  if (!(eta >= 0 && eta <= 1)) throw invalid(`eta ${eta} is not between 0 and 1`);
  if (labels !== undefined && labels.length !== samples.length)
    throw invalid(`${samples.length} samples have ${labels.length} labels`);
  if (guidance !== undefined && !Number.isFinite(guidance.scale))
    throw invalid(`the guidance scale ${guidance.scale} is no number`);
}

const invalid = (message: string) => new DifftapError("USAGE_INVALID", message);
