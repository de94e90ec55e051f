/** The linear probe as a head: pool p×p → flatten (channels, rows, columns) → Linear. Method: "linear". */
import { DifftapError } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { defineHead } from "../definition.js";
import { linearParameters } from "../parameters.js";
import { adaptiveAveragePool } from "../pooling.js";
import type { HeadTap } from "../tap.js";

const spec = z.strictObject({
  /** Cells per side; 2 is the paper's for ImageNet, 4 suits fine-grained sets. */
  pool: z.int().positive().default(2),
});

export const linear = defineHead({
  name: "linear",
  spec,
  build({ spec: { pool }, taps, classes, seed }) {
    const tap = onlyTap(taps);
    const inputs = tap.channels * Math.min(pool, tap.height) * Math.min(pool, tap.width);
    const variables = linearParameters("fcs.0", { inputs, outputs: classes, seed });
    const weight = variables.get("fcs.0.weight") as tf.Variable<tf.Rank.R2>;
    const bias = variables.get("fcs.0.bias")!;
    return {
      variables,
      forward(maps) {
        const pooled = adaptiveAveragePool(maps.get(tap.name)!, pool);
        return tf.add(tf.matMul(tf.reshape(pooled, [-1, inputs]), weight, false, true), bias);
      },
    };
  },
});

function onlyTap(taps: readonly HeadTap[]): HeadTap {
  if (taps.length === 1) return taps[0]!;
  const given = taps.map(({ name }) => name).join(", ") || "none";
  throw new DifftapError("REQUEST_INVALID", `the linear head reads one tap, given: ${given}`, {
    hint: "name one block and one timestep",
    details: { taps: taps.map(({ name }) => name) },
  });
}
