/**
 * Adam: m ← β1·m + (1−β1)·g, v ← β2·v + (1−β2)·g², w ← w − rate/(1−β1ᵗ) · m / (√v/√(1−β2ᵗ) + ε). Its weight decay is added to the
 * gradient, as in SGD. Source: Kingma and Ba 2015; torch.optim.Adam.
 */
import { tf } from "@difftap/engine";
import { z } from "zod";
import { defineOptimizer, type Named, type ParameterStep, type StepNumbers } from "../optimizer.js";

/** What Adam and AdamW share. */
export const momentSettings = {
  /** Of the mean of the gradient. */
  beta1: z.number().min(0).lt(1).default(0.9),
  /** Of the mean of its square. */
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: z.number().positive().default(1e-8),
};

export interface Moments {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export const momentSlots = ["mean", "square"];

/** The bias corrections of a step. */
export function momentNumbers({ rate, step }: StepNumbers, { beta1, beta2 }: Moments): Named<number> {
  return { rate: rate / (1 - beta1 ** step), root: Math.sqrt(1 - beta2 ** step) };
}

/** Moves a weight by the corrected moments of its gradient. */
export function moveByMoments(
  { weight, gradient, slots, numbers }: ParameterStep,
  { beta1, beta2, epsilon }: Moments,
) {
  const mean = tf.add(tf.mul(slots.mean!, beta1), tf.mul(gradient, 1 - beta1));
  const square = tf.add(tf.mul(slots.square!, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const deviation = tf.add(tf.div(tf.sqrt(square), numbers.root!), epsilon);
  return { mean, square, weight: tf.sub(weight, tf.mul(numbers.rate!, tf.div(mean, deviation))) };
}

export const adam = defineOptimizer({
  settings: z.strictObject({
    kind: z.literal("adam"),
    ...momentSettings,
    /** Added to the gradient as weightDecay·w, for every parameter. */
    weightDecay: z.number().min(0).default(0),
  }),
  elementwise: true,
  slots: () => momentSlots,
  numbers: momentNumbers,
  update(parameter, settings) {
    const { weight, gradient } = parameter;
    const { weightDecay } = settings;
    const decayed = weightDecay > 0 ? tf.add(gradient, tf.mul(weight, weightDecay)) : gradient;
    return moveByMoments({ ...parameter, gradient: decayed }, settings);
  },
});
