/** The one shape that most formulas of a diffusion process have: a_t·x + b_t·y. */
import { type Batch, eachSample, emptyLike, requireLengths, type Timesteps } from "./batch.js";
import type { Schedule } from "./schedule.js";

/** A factor that depends on the timestep. */
export type Factor = (t: number) => number;

/** a_t·x + b_t·y for every value, in a new array stored like `x`. Values beyond `x`'s length in `y` are not allowed. */
export function affine<B extends Batch>(
  schedule: Schedule,
  timesteps: Timesteps,
  [a, x]: readonly [Factor, B],
  [b, y]: readonly [Factor, Batch],
): B {
  requireLengths(x.length, { "the second batch": y });
  const out = emptyLike(x);
  eachSample(schedule, timesteps, x.length, (t, from, to) => {
    const ofX = a(t);
    const ofY = b(t);
    for (let i = from; i < to; i++) out[i] = ofX * x[i]! + ofY * y[i]!;
  });
  return out;
}

/** One value for each timestep, repeated over each sample, stored like `x`. */
export function spread<B extends Batch>(schedule: Schedule, timesteps: Timesteps, value: Factor, x: B): B {
  const out = emptyLike(x);
  eachSample(schedule, timesteps, x.length, (t, from, to) => out.fill(value(t), from, to));
  return out;
}
