/** A value that gradients do not flow through. */
import { tf } from "@difftap/engine";

const stopped = tf.customGrad((x: tf.Tensor | tf.GradSaveFunc) => ({
  value: tf.clone(x as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
}));

/** The same values; for gradients, a constant. */
export function detach(x: tf.Tensor): tf.Tensor {
  return stopped(x);
}
