/**
 * Where a token stands: a learned embedding of every cell of a map, added to its token. For maps of other sizes it is resized
 * bicubically, as DeiT (arXiv 2012.12877, section 6) and MAE (arXiv 2111.06377) do for images of another resolution.
 */
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { resizeBicubic } from "../interpolation.js";
import { normalVariable, type Parameters } from "../parameters.js";

/** What a token says of its place. The authors' heads say nothing: `none`. */
export const positionKinds = z.enum(["none", "learned"]);

/** timm's for position embeddings. */
const DEVIATION = 0.02;

export interface PositionsSize {
  /** Of a token. */
  readonly width: number;
  /** Rows and columns of the map it is built for. */
  readonly cells: { readonly height: number; readonly width: number };
  readonly seed: number | bigint;
}

export interface Positions extends Parameters {
  /** Tokens [N, rows·columns, width], rows first, with the embedding added. */
  forward(tokens: tf.Tensor3D, map: PositionsSize["cells"]): tf.Tensor3D;
}

/** `NAME` [1, width, rows, columns]. */
export function createPositions(name: string, { width, cells, seed }: PositionsSize): Positions {
  const variable = normalVariable(name, [1, width, cells.height, cells.width], DEVIATION, seed);
  return {
    variables: new Map([[name, variable]]),
    forward(tokens, map) {
      const fitted = resizeBicubic(variable as tf.Variable<tf.Rank.R4>, map);
      const rows = tf.transpose(tf.reshape(fitted, [width, map.height * map.width]));
      return tf.add(tokens, tf.expandDims(rows, 0));
    },
  };
}
