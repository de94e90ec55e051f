/** DifFormer: attention over the cells of several blocks, at several timesteps and sizes of images. Method: "DifFormer". */
import { defineHead } from "../definition.js";
import { createFusion, fusionSpec } from "../fusion.js";
import { gridOf } from "../tap-grid.js";

export const difformer = defineHead({
  name: "difformer",
  spec: fusionSpec,
  build: ({ taps, ...context }) => createFusion(gridOf("difformer", taps), context),
});
