/**
 * The tables of a diffusion process, in float64.
 *
 * ```ts
 * import { createSchedule, respace } from "@difftap/scheduler";
 *
 * const full = createSchedule({ steps: 1000, schedule: "linear", rescaleTimesteps: false });
 * full.sqrtAlphasCumprod[150]; // how much of the image is left at t = 150
 * const short = respace(full, "ddim50"); // 50 steps; the network is still fed 0, 20, 40, …
 * ```
 *
 * Source: Ho et al. 2020 (arXiv 2006.11239), section 2; names of guided-diffusion, gaussian_diffusion.py.
 */
import { DifftapError } from "@difftap/core";
import { type DiffusionConfig, namedBetas } from "./betas.js";

/** Tables of `steps` entries, one for each timestep; ᾱ is "alphas cumprod". */
export interface Schedule {
  /** T, the number of kept steps; timesteps are 0 … T − 1. */
  readonly steps: number;
  /** What the network is fed at each timestep: t, t·1000/T, or after respacing what the original process fed. */
  readonly networkTimesteps: Float64Array;
  readonly betas: Float64Array;
  readonly alphasCumprod: Float64Array;
  /** ᾱ_{t−1}; 1 at t = 0. */
  readonly alphasCumprodPrev: Float64Array;
  /** ᾱ_{t+1}; 0 after the last. */
  readonly alphasCumprodNext: Float64Array;
  readonly sqrtAlphasCumprod: Float64Array;
  readonly sqrtOneMinusAlphasCumprod: Float64Array;
  readonly logOneMinusAlphasCumprod: Float64Array;
  readonly sqrtRecipAlphasCumprod: Float64Array;
  readonly sqrtRecipm1AlphasCumprod: Float64Array;
  /** Variance of q(x_{t−1} | x_t, x_0); 0 at t = 0. */
  readonly posteriorVariance: Float64Array;
  /** Its logarithm, that of t = 1 standing in at t = 0 (log β_0 when there is no t = 1). */
  readonly posteriorLogVarianceClipped: Float64Array;
  /** Factor of x_0 in the mean of q(x_{t−1} | x_t, x_0). */
  readonly posteriorMeanCoef1: Float64Array;
  /** Factor of x_t in that mean. */
  readonly posteriorMeanCoef2: Float64Array;
}

/** A process given by its betas; `networkTimesteps` is 0, 1, 2, … when absent. */
export interface BetaSchedule {
  readonly betas: ArrayLike<number>;
  readonly networkTimesteps?: ArrayLike<number>;
}

/**
 * Tables of a named schedule or of given betas.
 * @throws DifftapError CONFIG_INVALID for an unknown schedule, no steps, or a beta outside (0, 1).
 */
export function createSchedule(process: DiffusionConfig | BetaSchedule): Schedule {
  if (!("betas" in process)) return fromConfig(process);
  const betas = Float64Array.from(process.betas);
  const networkTimesteps = process.networkTimesteps
    ? Float64Array.from(process.networkTimesteps)
    : betas.map((_, t) => t);
  checkBetas(betas, networkTimesteps);
  const base = cumulative(betas);
  return { steps: betas.length, networkTimesteps, betas, ...base, ...roots(base), ...posterior(betas, base) };
}

function fromConfig({ steps, schedule, rescaleTimesteps }: DiffusionConfig): Schedule {
  const betas = namedBetas(schedule, steps);
  const scale = rescaleTimesteps ? 1000 / steps : 1;
  return createSchedule({ betas, networkTimesteps: Float64Array.from(betas, (_, t) => t * scale) });
}

function checkBetas(betas: Float64Array, networkTimesteps: Float64Array): void {
  if (betas.length === 0)
    throw new DifftapError("CONFIG_INVALID", "a diffusion process needs at least one beta");
  const wrong = betas.findIndex((beta) => !(beta > 0 && beta < 1));
  if (wrong >= 0) {
    throw new DifftapError(
      "CONFIG_INVALID",
      `beta ${wrong} is ${betas[wrong]}, which is not between 0 and 1`,
    );
  }
  if (networkTimesteps.length !== betas.length) {
    throw new DifftapError(
      "CONFIG_INVALID",
      `${betas.length} betas need as many network timesteps, not ${networkTimesteps.length}`,
    );
  }
}

type Cumulative = Pick<Schedule, "alphasCumprod" | "alphasCumprodPrev" | "alphasCumprodNext">;

function cumulative(betas: Float64Array): Cumulative {
  let product = 1;
  const alphasCumprod = betas.map((beta) => {
    product *= 1 - beta;
    return product;
  });
  return {
    alphasCumprod,
    alphasCumprodPrev: betas.map((_, t) => alphasCumprod[t - 1] ?? 1),
    alphasCumprodNext: betas.map((_, t) => alphasCumprod[t + 1] ?? 0),
  };
}

function roots({ alphasCumprod }: Cumulative) {
  return {
    sqrtAlphasCumprod: alphasCumprod.map(Math.sqrt),
    sqrtOneMinusAlphasCumprod: alphasCumprod.map((alphaBar) => Math.sqrt(1 - alphaBar)),
    logOneMinusAlphasCumprod: alphasCumprod.map((alphaBar) => Math.log(1 - alphaBar)),
    sqrtRecipAlphasCumprod: alphasCumprod.map((alphaBar) => Math.sqrt(1 / alphaBar)),
    sqrtRecipm1AlphasCumprod: alphasCumprod.map((alphaBar) => Math.sqrt(1 / alphaBar - 1)),
  };
}

/** Ho et al. 2020, equations 6 and 7. */
function posterior(betas: Float64Array, { alphasCumprod, alphasCumprodPrev }: Cumulative) {
  const left = (t: number) => 1 - alphasCumprodPrev[t]!;
  const noise = (t: number) => 1 - alphasCumprod[t]!;
  const posteriorVariance = betas.map((beta, t) => (beta * left(t)) / noise(t));
  return {
    posteriorVariance,
    posteriorLogVarianceClipped: posteriorVariance.map((variance, t) =>
      Math.log(t === 0 ? firstVariance(posteriorVariance, betas) : variance),
    ),
    posteriorMeanCoef1: betas.map((beta, t) => (beta * Math.sqrt(alphasCumprodPrev[t]!)) / noise(t)),
    posteriorMeanCoef2: betas.map((beta, t) => (left(t) * Math.sqrt(1 - beta)) / noise(t)),
  };
}

/** What stands in for the posterior variance of t = 0, which is 0 and has no logarithm. */
export function firstVariance(posteriorVariance: Float64Array, betas: Float64Array): number {
  return posteriorVariance[1] ?? betas[0]!;
}
