/** Embeddings of timesteps and classes. Source: guided-diffusion, guided_diffusion/nn.py (timestep_embedding). */
import * as tf from "@tensorflow/tfjs-core";

/** Wavelengths go up to this many timesteps, over 2π. */
const MAX_PERIOD = 10_000;

/** [N] → [N, width]: cosines, then sines, of t·exp(−ln 10000·i/half); an odd width ends in a zero. */
export function embedTimesteps(timesteps: tf.Tensor, width: number): tf.Tensor {
  const half = Math.floor(width / 2);
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    Math.exp((-Math.log(MAX_PERIOD) * i) / half),
  );
  const times = tf.reshape(tf.cast(timesteps, "float32"), [-1, 1]);
  const angles = tf.mul(times, tf.tensor(frequencies, [1, half]));
  const waves = tf.concat([tf.cos(angles), tf.sin(angles)], 1);
  return width % 2 === 0
    ? waves
    : tf.pad(waves, [
        [0, 0],
        [0, 1],
      ]);
}

/** Rows of a table: labels [N], table [classes, width] → [N, width]. A product, whose gradient every engine has. */
export function embedClasses(labels: tf.Tensor, table: tf.Tensor): tf.Tensor {
  const chosen = tf.oneHot(tf.cast(labels, "int32") as tf.Tensor1D, table.shape[0]!);
  return tf.matMul(tf.cast(chosen, "float32") as tf.Tensor2D, table as tf.Tensor2D);
}
