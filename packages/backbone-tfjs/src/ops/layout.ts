/**
 * Maps inside the network have channels last, the only order that TensorFlow.js's convolutions can be differentiated in; what
 * comes in and goes out has them first, as in checkpoints. On the onnxruntime engine neither direction moves a byte.
 */
import * as tf from "@tensorflow/tfjs-core";

/** [N, C, H, W] → [N, H, W, C]. */
export function channelsLast(maps: tf.Tensor): tf.Tensor4D {
  return tf.transpose(maps as tf.Tensor4D, [0, 2, 3, 1]);
}

/** [N, H, W, C] → [N, C, H, W]. */
export function channelsFirst(maps: tf.Tensor): tf.Tensor4D {
  return tf.transpose(maps as tf.Tensor4D, [0, 3, 1, 2]);
}

/** [N, C] → [N, 1, 1, C], to be broadcast over places. */
export function overPlaces(vectors: tf.Tensor): tf.Tensor4D {
  const [batch, channels] = vectors.shape as [number, number];
  return tf.reshape(vectors, [batch, 1, 1, channels]);
}

/** [C] → [1, 1, 1, C]. */
export function perChannel(vector: tf.Tensor): tf.Tensor4D {
  return tf.reshape(vector, [1, 1, 1, vector.size]);
}
