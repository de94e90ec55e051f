/** The linear probe as a head: pool p×p → flatten (channels, rows, columns) → Linear. Method: "linear". */
import { z } from "zod";
import { defineHead } from "../definition.js";
import { createFlattened, featureNorm } from "../flattened.js";
import { onePlace } from "../tap-grid.js";

const spec = z.strictObject({
  /** Cells per side; 2 is the paper's for ImageNet, 4 suits fine-grained sets. */
  pool: z.int().positive().default(2),
  norm: featureNorm,
});

export const linear = defineHead({
  name: "linear",
  spec,
  build: ({ spec: given, taps, classes, seed }) =>
    createFlattened(onePlace("linear", taps), { ...given, hidden: [], outputs: classes, seed }),
});
