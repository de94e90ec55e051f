/** The exact GELU: x·Φ(x), Φ the normal distribution's (Hendrycks and Gimpel, 2016). */
import * as tf from "@tensorflow/tfjs-core";

const INVERSE_ROOT_2 = Math.SQRT1_2;
const DENSITY_AT_0 = 1 / Math.sqrt(2 * Math.PI);

/** Any shape to the same. The gradient Φ(x) + x·φ(x) is written out: autodiff would take twice as many kernels. */
export function gelu<T extends tf.Tensor>(x: T): T {
  const compute = tf.customGrad((input, save) => {
    const half = tf.mul(tf.erf(tf.mul(input as tf.Tensor, INVERSE_ROOT_2)), 0.5);
    const distribution = tf.add(half, 0.5);
    (save as tf.GradSaveFunc)([input as tf.Tensor, distribution]);
    const gradFunc = (dy: tf.Tensor, [at, below]: tf.Tensor[]) => {
      const density = tf.mul(tf.exp(tf.mul(tf.square(at!), -0.5)), DENSITY_AT_0);
      return tf.mul(dy, tf.add(below!, tf.mul(at!, density)));
    };
    return { value: tf.mul(input as tf.Tensor, distribution), gradFunc };
  });
  return compute(x) as T;
}
