/** Attention over the cells of one tap. Method: "attention". */
import { defineHead } from "../definition.js";
import { createFusion, fusionSpec } from "../fusion.js";
import { gridOf, onlyTap } from "../tap-grid.js";

export const attention = defineHead({
  name: "attention",
  spec: fusionSpec,
  build: ({ taps, ...context }) => createFusion(gridOf("attention", [onlyTap("attention", taps)]), context),
});
