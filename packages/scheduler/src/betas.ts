/** Noise schedules: how much noise each step of the diffusion process adds. Source: guided-diffusion, gaussian_diffusion.py. */
import { DifftapError } from "@difftap/core";

export type ScheduleName = "linear" | "cosine";

/** The diffusion process a network was trained with. */
export interface DiffusionConfig {
  /** T: timesteps are 0 … steps − 1. */
  readonly steps: number;
  readonly schedule: ScheduleName;
  /** The network is fed t·1000/T instead of t. */
  readonly rescaleTimesteps: boolean;
}

/** The largest beta of the cosine schedule: nearer to 1 the process is singular. */
const LARGEST_BETA = 0.999;

/**
 * β_0 … β_{T−1} in float64.
 * @throws DifftapError CONFIG_INVALID for an unknown schedule, a number of steps that is not positive, or so few linear steps
 * (20 or less) that the last beta would reach 1.
 */
export function namedBetas(schedule: ScheduleName, steps: number): Float64Array {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new DifftapError("CONFIG_INVALID", `a diffusion process cannot have ${steps} steps`, {
      hint: "give a positive whole number",
    });
  }
  if (schedule === "linear") return linearBetas(steps);
  if (schedule === "cosine") return cosineBetas(steps);
  throw new DifftapError("CONFIG_INVALID", `there is no noise schedule "${String(schedule)}"`, {
    hint: "known: linear, cosine",
  });
}

/** From 1e-4·1000/T to 0.02·1000/T, evenly. */
function linearBetas(steps: number): Float64Array {
  const first = 0.1 / steps;
  const last = 20 / steps;
  if (last >= 1) {
    throw new DifftapError(
      "CONFIG_INVALID",
      `a linear schedule of ${steps} steps would end with β = ${last}`,
      {
        hint: "a linear schedule needs at least 21 steps; to take fewer, respace a longer one",
      },
    );
  }
  const stride = (last - first) / (steps - 1);
  return Float64Array.from({ length: steps }, (_, t) => (t === steps - 1 ? last : first + t * stride));
}

/** 1 − f((t+1)/T) / f(t/T) with f(s) = cos²((s + 0.008)/1.008 · π/2). */
function cosineBetas(steps: number): Float64Array {
  const level = (s: number) => Math.cos(((s + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
  const beta = (t: number) => Math.min(1 - level((t + 1) / steps) / level(t / steps), LARGEST_BETA);
  return Float64Array.from({ length: steps }, (_, t) => beta(t));
}
