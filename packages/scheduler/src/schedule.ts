/**
 * Everything a diffusion process knows about its timesteps, as tables in float64.
 *
 * ```ts
 * import { createSchedule } from "@difftap/scheduler";
 *
 * const schedule = createSchedule({ steps: 1000, schedule: "linear", rescaleTimesteps: false });
 * schedule.sqrtAlphasCumprod[150]; // the share of the image that is left at t = 150
 * ```
 *
 * Source: guided-diffusion, gaussian_diffusion.py (GaussianDiffusion.__init__).
 */
import { DifftapError } from "@difftap/core";
import { type DiffusionConfig, namedBetas } from "./betas.js";

/** Each table has one entry per step; the names are those of the literature and the reference. */
export interface ScheduleTables {
  readonly betas: Float64Array;
  readonly alphasCumprod: Float64Array;
  /** ᾱ one step nearer to the image; 1 at the first. */
  readonly alphasCumprodPrev: Float64Array;
  /** ᾱ one step nearer to noise; 0 after the last. */
  readonly alphasCumprodNext: Float64Array;
  readonly sqrtAlphasCumprod: Float64Array;
  readonly sqrtOneMinusAlphasCumprod: Float64Array;
  readonly logOneMinusAlphasCumprod: Float64Array;
  readonly sqrtRecipAlphasCumprod: Float64Array;
  readonly sqrtRecipm1AlphasCumprod: Float64Array;
  readonly posteriorVariance: Float64Array;
  /** Its logarithm, with that of index 1 at index 0, where the variance is zero. */
  readonly posteriorLogVarianceClipped: Float64Array;
  readonly posteriorMeanCoef1: Float64Array;
  readonly posteriorMeanCoef2: Float64Array;
}

export interface Schedule extends ScheduleTables {
  /** Number of steps, all or the kept ones. */
  readonly steps: number;
  /** What the network is fed at each step. */
  readonly networkTimesteps: Float64Array;
}

/** Tables of a named schedule. @throws DifftapError CONFIG_INVALID */
export function createSchedule(config: DiffusionConfig): Schedule {
  const betas = namedBetas(config.schedule, config.steps);
  return scheduleFromBetas(betas, networkTimesteps(config, betas.keys()));
}

/** What the network is fed for original timesteps: t, or t·1000/T where the configuration rescales. */
export function networkTimesteps(config: DiffusionConfig, timesteps: Iterable<number>): Float64Array {
  const factor = config.rescaleTimesteps ? 1000 / config.steps : 1;
  return Float64Array.from(timesteps, (t) => t * factor);
}

/**
 * Tables of any betas.
 * @param networkTimesteps what the network is fed at each step
 * @throws DifftapError CONFIG_INVALID for betas outside (0, 1] or of another count.
 */
export function scheduleFromBetas(betas: Float64Array, networkTimesteps: Float64Array): Schedule {
  checkBetas(betas, networkTimesteps);
  const alphasCumprod = cumulativeProduct(betas.map((beta) => 1 - beta));
  const alphasCumprodPrev = Float64Array.of(1, ...alphasCumprod.subarray(0, -1));
  const alphasCumprodNext = Float64Array.of(...alphasCumprod.subarray(1), 0);
  const posteriorVariance = betas.map(
    (beta, t) => (beta * (1 - alphasCumprodPrev[t]!)) / (1 - alphasCumprod[t]!),
  );
  return {
    steps: betas.length,
    networkTimesteps,
    betas,
    alphasCumprod,
    alphasCumprodPrev,
    alphasCumprodNext,
    sqrtAlphasCumprod: alphasCumprod.map(Math.sqrt),
    sqrtOneMinusAlphasCumprod: alphasCumprod.map((a) => Math.sqrt(1 - a)),
    logOneMinusAlphasCumprod: alphasCumprod.map((a) => Math.log(1 - a)),
    sqrtRecipAlphasCumprod: alphasCumprod.map((a) => Math.sqrt(1 / a)),
    sqrtRecipm1AlphasCumprod: alphasCumprod.map((a) => Math.sqrt(1 / a - 1)),
    posteriorVariance,
    posteriorLogVarianceClipped: clippedLog(posteriorVariance, betas),
    posteriorMeanCoef1: betas.map(
      (beta, t) => (beta * Math.sqrt(alphasCumprodPrev[t]!)) / (1 - alphasCumprod[t]!),
    ),
    posteriorMeanCoef2: betas.map(
      (beta, t) => ((1 - alphasCumprodPrev[t]!) * Math.sqrt(1 - beta)) / (1 - alphasCumprod[t]!),
    ),
  };
}

function checkBetas(betas: Float64Array, networkTimesteps: Float64Array): void {
  const wrong = betas.findIndex((beta) => !(beta > 0 && beta <= 1));
  if (betas.length === 0 || wrong !== -1) {
    throw new DifftapError(
      "CONFIG_INVALID",
      wrong === -1 ? "a schedule needs at least one beta" : `beta ${wrong} is ${betas[wrong]}`,
      {
        hint: "every beta lies above 0 and at most at 1",
      },
    );
  }
  if (betas.length !== networkTimesteps.length) {
    throw new DifftapError(
      "CONFIG_INVALID",
      `${betas.length} betas and ${networkTimesteps.length} network timesteps do not go together`,
    );
  }
}

function cumulativeProduct(values: Float64Array): Float64Array {
  let product = 1;
  return values.map((value) => {
    product *= value;
    return product;
  });
}

/** With a single step there is no second entry to borrow: log β_0 stands in, the variance of the one step that there is. */
function clippedLog(posteriorVariance: Float64Array, betas: Float64Array): Float64Array {
  const first = posteriorVariance.length > 1 ? posteriorVariance[1]! : betas[0]!;
  return posteriorVariance.map((variance, t) => Math.log(t === 0 ? first : variance));
}
