/** From a gradient on the engine's tensors to one on arrays, as sampling asks for it. */
import { DifftapError, ndarray } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { OfNoisyImages } from "@difftap/scheduler";

/** x [N, 3, H, W], timesteps [N] and labels [N] to a gradient of x's shape; called inside a tidy. */
export type TensorGradient = (x: tf.Tensor, timesteps: tf.Tensor, labels: tf.Tensor) => tf.Tensor;

/** @throws DifftapError USAGE_INVALID when it is asked without labels. */
export function onArrays(gradient: TensorGradient): OfNoisyImages {
  return async (x, timesteps, labels) => {
    if (labels === undefined)
      throw new DifftapError("USAGE_INVALID", "guidance needs a label for every image");
    const found = tf.tidy(() =>
      gradient(tf.tensor(x.data, [...x.shape]), tf.tensor1d([...timesteps]), tf.tensor1d(labels, "int32")),
    );
    const data = await found.data<"float32">();
    found.dispose();
    return ndarray("float32", x.shape, data);
  };
}

/** Σ log p(label) of logits [N, K] and labels [N]. */
export function logProbability(logits: tf.Tensor2D, labels: tf.Tensor): tf.Scalar {
  const chosen = tf.oneHot(labels as tf.Tensor1D, logits.shape[1]);
  return tf.sum(tf.mul(tf.logSoftmax(logits), tf.cast(chosen, "float32")));
}
