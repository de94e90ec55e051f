/**
 * A learned mixture of taps: each is pooled, normed and projected, the maps are added by softmax weights, then Linear. The weights show
 * which taps matter; the norm makes them comparable. After the aggregation network of Diffusion Hyperfeatures (arXiv 2305.14334).
 * Method: "weighted".
 */
import { DifftapError } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { defineHead, type Maps } from "../definition.js";
import { createLinear } from "../layers/linear.js";
import { mapNorms } from "../layers/map-norm.js";
import { createTokenizer } from "../layers/tokenizer.js";
import { constantVariable, joinParameters } from "../parameters.js";
import { pooledSize } from "../pooling.js";
import type { HeadTap } from "../tap.js";
import { checkSameMaps, columnName } from "../tap-grid.js";

const spec = z.strictObject({
  /** Cells per side that all maps are pooled to; the smallest map's size where that is less. */
  pool: z.int().positive().default(2),
  norm: mapNorms.exclude(["layer-interpolated"]).default("layer"),
  /** Channels after the projection. */
  width: z.int().positive().default(256),
});

export const weighted = defineHead({
  name: "weighted",
  spec,
  build({ spec: { pool, norm, width }, taps, classes, seed }) {
    checkTaps(taps);
    const cells = commonCells(taps, pool);
    const timestepsOf = (column: string) =>
      taps.filter((tap) => columnName(tap) === column).map(({ timestep }) => timestep);
    const columns = new Map(taps.map((tap) => [columnName(tap), tap]));
    const projections = new Map(
      [...columns].map(([column, tap]) => {
        const size = { tap, pool: cells, norm, timesteps: timestepsOf(column).length, width, seed };
        return [column, createTokenizer(`pre_layer.${column}`, size)];
      }),
    );
    const mixing = constantVariable([taps.length], 0);
    const inputs = width * cells[0] * cells[1];
    const head = createLinear("head", { inputs, outputs: classes, seed });
    const tapWeights = () => tf.softmax(mixing as tf.Variable<tf.Rank.R1>);
    const projected = (maps: Maps, options: { training: boolean }) =>
      taps.map((tap) => {
        const column = columnName(tap);
        const place = timestepsOf(column).indexOf(tap.timestep);
        return projections.get(column)!.forward(maps.get(tap.name)!, { ...options, timestep: place });
      });
    return {
      ...joinParameters(...projections.values(), { variables: new Map([["mixing_weights", mixing]]) }, head),
      forward(maps, options) {
        const stacked = tf.stack(projected(maps, options));
        const weights = tf.reshape(tapWeights(), [1, taps.length]) as tf.Tensor2D;
        const mixed = tf.matMul(weights, tf.reshape(stacked, [taps.length, -1]) as tf.Tensor2D);
        return head.forward(tf.reshape(mixed, [-1, inputs]));
      },
      tapWeights,
    };
  },
});

/** Rows and columns that every map has. */
function commonCells(taps: readonly HeadTap[], pool: number): [rows: number, columns: number] {
  const smallest = {
    height: Math.min(...taps.map(({ height }) => height)),
    width: Math.min(...taps.map(({ width }) => width)),
  };
  const { height, width } = pooledSize(smallest, pool);
  return [height, width];
}

function checkTaps(taps: readonly HeadTap[]): void {
  const names = taps.map(({ name }) => name);
  if (new Set(names).size < 2 || new Set(names).size < names.length) {
    const given = names.join(", ") || "none";
    throw new DifftapError(
      "REQUEST_INVALID",
      `the weighted head weighs two or more different taps, given: ${given}`,
      {
        hint: "with one tap there is nothing to weigh: take linear",
        details: { taps: names },
      },
    );
  }
  for (const tap of taps) checkSameMaps("weighted", tap, taps);
}
