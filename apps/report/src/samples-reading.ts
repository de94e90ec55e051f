/** How generated images were drawn, in words. */
import type { Samples } from "@difftap/run-folder";
import { counted, figures } from "./numbers.js";

/** "DDIM, η 0, 50 steps, guided by a classifier" */
export function howDrawn({ sampler, eta, steps, guidance }: Samples): string {
  const name = eta === null ? sampler.toUpperCase() : `${sampler.toUpperCase()}, η ${figures(eta)}`;
  return `${name}, ${counted(steps)} ${steps === 1 ? "step" : "steps"}${guidance ? `, guided by ${guidance.by}` : ""}`;
}
