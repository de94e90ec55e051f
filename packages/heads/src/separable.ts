/** Maps resized by one matrix per direction: any engine runs and differentiates two matrix products. */
import * as tf from "@tensorflow/tfjs-core";

/** How much of each of n places goes into each of `cells` results: row-major [n, cells]. */
export interface Resampling {
  readonly n: number;
  readonly cells: number;
  readonly weights: Float32Array;
}

/** Maps [N, C, H, W] → [N, C, rows.cells, columns.cells]; `rows` mixes rows, `columns` columns. */
export function resample(maps: tf.Tensor4D, rows: Resampling, columns: Resampling): tf.Tensor4D {
  const [batch, channels, height, width] = maps.shape;
  const planes = batch * channels;
  return tf.tidy(() => {
    const flat = tf.reshape(maps, [planes * height, width]);
    const across = tf.matMul(flat, matrixOf(columns));
    const turned = tf.transpose(tf.reshape(across, [planes, height, columns.cells]), [0, 2, 1]);
    const down = tf.matMul(tf.reshape(turned, [planes * columns.cells, height]), matrixOf(rows));
    const upright = tf.transpose(tf.reshape(down, [planes, columns.cells, rows.cells]), [0, 2, 1]);
    return tf.reshape(upright, [batch, channels, rows.cells, columns.cells]);
  });
}

function matrixOf({ n, cells, weights }: Resampling): tf.Tensor2D {
  return tf.tensor2d(weights, [n, cells]);
}
