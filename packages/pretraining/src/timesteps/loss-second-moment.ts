/**
 * Timesteps in proportion to √E[loss²] over each one's last ten losses, once every timestep has ten; evenly before that. A thousandth of
 * the draws stays even. Source: Nichol and Dhariwal 2021, section 3.4; guided-diffusion, resample.py (LossSecondMomentResampler).
 */
import { DifftapError, ndarray } from "@difftap/core";
import { drawShares } from "../draws.js";
import type { TimestepSampler } from "./sampler.js";

const HISTORY = 10;
const EVEN_SHARE = 0.001;

export function lossSecondMomentTimesteps(steps: number): TimestepSampler {
  const history = new Float64Array(steps * HISTORY);
  const counts = new Int32Array(steps);
  return {
    learns: true,
    draw(address, batch) {
      const shares = probabilities(history, counts);
      const timesteps = chosen(shares, drawShares(address, batch));
      return { timesteps, weights: Float32Array.from(timesteps, (t) => 1 / (steps * shares[t]!)) };
    },
    observe(timesteps, losses) {
      timesteps.forEach((t, place) => {
        remember(history.subarray(t * HISTORY, (t + 1) * HISTORY), counts[t]!, losses[place]!);
        counts[t] = Math.min(HISTORY, counts[t]! + 1);
      });
    },
    state: () => ({
      history: ndarray("float64", [steps, HISTORY], history.slice()),
      counts: ndarray("int32", [steps], counts.slice()),
    }),
    restore({ history: losses, counts: seen }) {
      if (losses?.data.length !== history.length || seen?.data.length !== counts.length) {
        throw new DifftapError("CHECKPOINT_REFUSED", `it holds no losses of ${steps} timesteps`, {
          hint: "it was written with another timestep sampling",
        });
      }
      history.set(losses.data as Float64Array);
      counts.set(seen.data as Int32Array);
    },
  };
}

/** The newest last; the oldest makes room. */
function remember(own: Float64Array, count: number, loss: number): void {
  if (count === HISTORY) own.copyWithin(0, 1);
  own[Math.min(count, HISTORY - 1)] = loss;
}

function probabilities(history: Float64Array, counts: Int32Array): Float64Array {
  const steps = counts.length;
  if (!counts.every((count) => count === HISTORY)) return new Float64Array(steps).fill(1 / steps);
  const roots = Float64Array.from(counts, (_, t) => {
    const own = history.subarray(t * HISTORY, (t + 1) * HISTORY);
    return Math.sqrt(own.reduce((sum, loss) => sum + loss * loss, 0) / HISTORY);
  });
  const total = roots.reduce((sum, root) => sum + root, 0);
  return roots.map((root) => (root / total) * (1 - EVEN_SHARE) + EVEN_SHARE / steps);
}

/** The timestep in whose stretch of [0, 1) each number lies. */
function chosen(shares: Float64Array, numbers: Float64Array): Int32Array {
  let sum = 0;
  const ends = shares.map((share) => (sum += share));
  return Int32Array.from(numbers, (number) => {
    const found = ends.findIndex((end) => number * sum < end);
    return found < 0 ? shares.length - 1 : found;
  });
}
