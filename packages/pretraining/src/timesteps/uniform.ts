/** Every timestep equally likely. */
import { drawEvenTimesteps } from "../draws.js";
import type { TimestepSampler } from "./sampler.js";

export function uniformTimesteps(steps: number): TimestepSampler {
  return {
    learns: false,
    draw: (address, batch) => ({
      timesteps: drawEvenTimesteps(address, batch, steps),
      weights: new Float32Array(batch).fill(1),
    }),
    observe() {},
    state: () => ({}),
    restore() {},
  };
}
