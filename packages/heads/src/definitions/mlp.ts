/** The linear head with hidden layers and ReLU. Method: "mlp"; reference: `Head` in `head.py`. */
import { z } from "zod";
import { defineHead } from "../definition.js";
import { createFlattened, featureNorm } from "../flattened.js";
import { onePlace } from "../tap-grid.js";

const spec = z.strictObject({
  /** Cells per side. */
  pool: z.int().positive().default(2),
  norm: featureNorm,
  /** Units of each hidden layer, the first one first. */
  hidden: z.array(z.int().positive()).min(1).default([1024]),
});

export const mlp = defineHead({
  name: "mlp",
  spec,
  build: ({ spec: given, taps, classes, seed }) =>
    createFlattened(onePlace("mlp", taps), { ...given, outputs: classes, seed }),
});
