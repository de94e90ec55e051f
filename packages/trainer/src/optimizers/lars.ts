/**
 * Layer-wise adaptive rate scaling: the step of each matrix is brought to trustCoefficient of its length. Parameters of one dimension
 * (biases, norms) get neither that scaling nor weight decay. Source: You et al. 2017; `util/lars.py` of facebookresearch/mae.
 */
import { tf } from "@difftap/engine";
import { z } from "zod";
import { defineOptimizer } from "../optimizer.js";

export const lars = defineOptimizer({
  settings: z.strictObject({
    kind: z.literal("lars"),
    momentum: z.number().min(0).lt(1).default(0.9),
    /** Added to the gradient as weightDecay·w, for parameters of two and more dimensions. */
    weightDecay: z.number().min(0).default(0),
    trustCoefficient: z.number().positive().default(1e-3),
  }),
  elementwise: false,
  slots: () => ["velocity"],
  numbers: ({ rate }) => ({ rate }),
  update({ weight, gradient, slots, numbers }, { momentum, weightDecay, trustCoefficient }) {
    const change =
      weight.rank < 2
        ? gradient
        : scaled(weight, tf.add(gradient, tf.mul(weight, weightDecay)), trustCoefficient);
    const velocity = tf.add(tf.mul(slots.velocity!, momentum), change);
    return { velocity, weight: tf.sub(weight, tf.mul(numbers.rate!, velocity)) };
  },
});

/** A weight or a change of length zero has no direction to trust: the change stays as it is. */
function scaled(weight: tf.Tensor, change: tf.Tensor, trustCoefficient: number): tf.Tensor {
  const [weightNorm, changeNorm] = [euclideanNorm(weight), euclideanNorm(change)];
  const trust = tf.div(tf.mul(weightNorm, trustCoefficient), changeNorm);
  const trusted = tf.logicalAnd(tf.greater(weightNorm, 0), tf.greater(changeNorm, 0));
  return tf.mul(change, tf.where(trusted, trust, tf.onesLike(trust)));
}

/** Of shape [1]. */
function euclideanNorm(values: tf.Tensor): tf.Tensor {
  return tf.reshape(tf.sqrt(tf.sum(tf.square(values))), [1]);
}
