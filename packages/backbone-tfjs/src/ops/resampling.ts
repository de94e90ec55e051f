/** Halving and doubling of maps; each is the other's gradient, up to a factor. */
import * as tf from "@tensorflow/tfjs-core";

/** Mean of each 2×2 square of [N, H, W, C]. */
export function averagePool2(x: tf.Tensor): tf.Tensor {
  const compute = tf.customGrad((input) => ({
    value: halved(input as tf.Tensor),
    gradFunc: (dy) => tf.div(doubled(dy), 4),
  }));
  return compute(x);
}

/** Each value of [N, H, W, C] becomes a 2×2 square. */
export function upsampleNearest2(x: tf.Tensor): tf.Tensor {
  const compute = tf.customGrad((input) => ({
    value: doubled(input as tf.Tensor),
    gradFunc: (dy) => tf.mul(halved(dy), 4),
  }));
  return compute(x);
}

function halved(x: tf.Tensor): tf.Tensor {
  return tf.avgPool(x as tf.Tensor4D, 2, 2, "valid");
}

function doubled(x: tf.Tensor): tf.Tensor {
  const [, height, width] = x.shape as [number, number, number, number];
  return tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [2 * height, 2 * width]);
}
