/** What layer and batch normalisation share, with its gradient in closed form: autodiff would take twice as many kernels. */
import * as tf from "@tensorflow/tfjs-core";

export interface Moments {
  readonly mean: tf.Tensor;
  /** Mean squared deviation: biased, divided by the count. */
  readonly variance: tf.Tensor;
}

export interface Standardising {
  /** The axes that mean and variance are taken over. */
  readonly axes: number[];
  readonly epsilon: number;
  /** Sees the moments before they are gone; their reduced axes have length 1. */
  readonly watch?: (moments: Moments) => void;
}

/** (x − mean) / √(variance + ε) by x's own moments; the gradient flows through them too. */
export function standardise(x: tf.Tensor, { axes, epsilon, watch }: Standardising): tf.Tensor {
  const compute = tf.customGrad((input, save) => {
    const { centred, ...moments } = momentsOf(input as tf.Tensor, axes);
    watch?.(moments);
    const inverse = tf.rsqrt(tf.add(moments.variance, epsilon));
    const value = tf.mul(centred, inverse);
    (save as tf.GradSaveFunc)([value, inverse]);
    return { value, gradFunc: (dy, [y, scale]) => gradient(dy, y!, scale!, axes) };
  });
  return compute(x);
}

function momentsOf(x: tf.Tensor, axes: number[]): Moments & { readonly centred: tf.Tensor } {
  const mean = tf.mean(x, axes, true);
  const centred = tf.sub(x, mean);
  return { mean, centred, variance: tf.mean(tf.square(centred), axes, true) };
}

/** (dy − mean(dy) − y·mean(dy·y)) / √(variance + ε). */
function gradient(dy: tf.Tensor, y: tf.Tensor, scale: tf.Tensor, axes: number[]): tf.Tensor {
  const along = tf.mean(tf.mul(dy, y), axes, true);
  const centred = tf.sub(dy, tf.mean(dy, axes, true));
  return tf.mul(tf.sub(centred, tf.mul(y, along)), scale);
}
