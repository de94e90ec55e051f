/** Every way of drawing timesteps. A new one is a file here, a line below, a name in the recipe and a test. */
import type { ResolvedPretrainingRecipe } from "../recipe.js";
import { lossSecondMomentTimesteps } from "./loss-second-moment.js";
import type { TimestepSampler } from "./sampler.js";
import { uniformTimesteps } from "./uniform.js";

const samplers: Readonly<Record<ResolvedPretrainingRecipe["timesteps"], (steps: number) => TimestepSampler>> =
  {
    uniform: uniformTimesteps,
    "loss-second-moment": lossSecondMomentTimesteps,
  };

/** The sampler of a name, for a process of `steps` timesteps, at its beginning. */
export function timestepSampler(
  name: ResolvedPretrainingRecipe["timesteps"],
  steps: number,
): TimestepSampler {
  return samplers[name](steps);
}
