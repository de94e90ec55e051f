/**
 * Adaptive average pooling with PyTorch's windows: cell i covers ⌊i·n/k⌋ … ⌈(i+1)·n/k⌉.
 * Written as two matrix products, so that any engine runs it and differentiates it.
 */
import * as tf from "@tensorflow/tfjs-core";

/**
 * Maps [N, C, H, W] → [N, C, min(cells, H), min(cells, W)].
 * More cells than the map has keep the map's size.
 */
export function adaptiveAveragePool(maps: tf.Tensor4D, cells: number): tf.Tensor4D {
  const [batch, channels, height, width] = maps.shape;
  const rows = Math.min(cells, height);
  const columns = Math.min(cells, width);
  if (rows === height && columns === width) return maps;
  return tf.tidy(() => {
    const flat = tf.reshape(maps, [batch * channels * height, width]);
    const across = tf.matMul(flat, averagingMatrix(width, columns));
    const turned = tf.transpose(tf.reshape(across, [batch * channels, height, columns]), [0, 2, 1]);
    const down = tf.matMul(
      tf.reshape(turned, [batch * channels * columns, height]),
      averagingMatrix(height, rows),
    );
    const pooled = tf.transpose(tf.reshape(down, [batch * channels, columns, rows]), [0, 2, 1]);
    return tf.reshape(pooled, [batch, channels, rows, columns]);
  });
}

/** [n, cells]: column i holds 1 / length over the window of cell i. */
function averagingMatrix(n: number, cells: number): tf.Tensor2D {
  const matrix = new Float32Array(n * cells);
  for (let cell = 0; cell < cells; cell++) {
    const start = Math.floor((cell * n) / cells);
    const end = Math.ceil(((cell + 1) * n) / cells);
    for (let place = start; place < end; place++) matrix[place * cells + cell] = 1 / (end - start);
  }
  return tf.tensor2d(matrix, [n, cells]);
}
