/**
 * Group normalisation, in float32, with what is multiplied and added per channel. The gradient is in closed form: two sums per
 * channel give those of factor and offset, and the means that the input's needs.
 * Source: Wu and He, "Group normalization", ECCV 2018.
 */
import * as tf from "@tensorflow/tfjs-core";

interface Groups {
  readonly groups: number;
  readonly epsilon: number;
}

const PLACES = [1, 2];

/**
 * (x − mean) / √(variance + ε) · factor + offset, mean and variance over each group's channels and places.
 * x [N, H, W, C]; factor and offset [N or 1, 1, 1, C].
 */
export function groupNormalise(
  x: tf.Tensor,
  factor: tf.Tensor,
  offset: tf.Tensor,
  { groups, epsilon }: Groups,
): tf.Tensor {
  const compute = tf.customGrad((input, scale, shift, save) => {
    const centred = tf.sub(input as tf.Tensor, groupMeans(tf.mean(input as tf.Tensor, PLACES, true), groups));
    const variance = groupMeans(tf.mean(tf.square(centred), PLACES, true), groups);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const value = tf.add(tf.mul(centred, tf.mul(inverse, scale as tf.Tensor)), shift as tf.Tensor);
    (save as tf.GradSaveFunc)([centred, inverse, scale as tf.Tensor]);
    return { value, gradFunc: (dy, saved) => gradients(dy, saved, groups) };
  });
  return compute(x, factor, offset);
}

/** dx = (dy·f − mean(dy·f) − x̂·mean(dy·f·x̂)) / √(variance + ε), df = Σ dy·x̂, doffset = Σ dy; the means are the group's. */
function gradients(dy: tf.Tensor, saved: tf.Tensor[], groups: number): tf.Tensor[] {
  const [centred, inverse, factor] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const places = centred.shape[1] * centred.shape[2];
  const plain = tf.sum(dy, PLACES, true);
  const along = tf.mul(tf.sum(tf.mul(dy, centred), PLACES, true), inverse);
  const scale = tf.mul(factor, inverse);
  const share = tf.div(scale, places);
  const shift = groupMeans(tf.mul(plain, share), groups);
  const slope = tf.mul(groupMeans(tf.mul(along, share), groups), inverse);
  const dx = tf.sub(tf.mul(dy, scale), tf.add(tf.mul(centred, slope), shift));
  return [dx, like(along, factor), like(plain, factor)];
}

/** [N, 1, 1, C] → the mean of each channel's group, in the same shape. */
function groupMeans(values: tf.Tensor, groups: number): tf.Tensor {
  const [batch, , , channels] = values.shape as [number, number, number, number];
  // A channel that is a group of its own is its mean.
  if (channels === groups) return values;
  const shape: [number, number, number] = [batch, groups, channels / groups];
  const means = tf.mean(tf.reshape(values, shape), 2, true);
  return tf.reshape(tf.broadcastTo(means, shape), values.shape);
}

/** Summed over samples where the parameter has none of its own. */
function like(gradient: tf.Tensor, parameter: tf.Tensor): tf.Tensor {
  return parameter.shape[0] === 1 ? tf.sum(gradient, 0, true) : gradient;
}
