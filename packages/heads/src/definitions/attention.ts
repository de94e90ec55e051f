/** Attention over the cells of one tap, at one size of images or several. Method: "attention". */
import { defineHead } from "../definition.js";
import { createFusion, fusionSpec } from "../fusion.js";
import { gridOf, onePlace } from "../tap-grid.js";

export const attention = defineHead({
  name: "attention",
  spec: fusionSpec,
  build: ({ taps, ...context }) => createFusion(gridOf("attention", onePlace("attention", taps)), context),
});
