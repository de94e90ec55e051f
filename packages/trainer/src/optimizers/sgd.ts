/**
 * Stochastic gradient descent: g ← g + weightDecay·w, v ← momentum·v + g, w ← w − rate·v; with Nesterov's look ahead
 * w ← w − rate·(g + momentum·v). Source: torch.optim.SGD.
 */
import { tf } from "@difftap/engine";
import { z } from "zod";
import { defineOptimizer, type Moved } from "../optimizer.js";

const settings = z
  .strictObject({
    kind: z.literal("sgd"),
    /** 0 unless given, as the paper's. */
    momentum: z.number().min(0).lt(1).default(0),
    /** Needs momentum. */
    nesterov: z.boolean().default(false),
    /** Added to the gradient as weightDecay·w, for every parameter. */
    weightDecay: z.number().min(0).default(0),
  })
  .refine(({ momentum, nesterov }) => !nesterov || momentum > 0, {
    path: ["nesterov"],
    error: "nesterov needs a momentum above 0",
  });

export const sgd = defineOptimizer({
  settings,
  elementwise: true,
  slots: ({ momentum }) => (momentum > 0 ? ["velocity"] : []),
  numbers: ({ rate }) => ({ rate }),
  update({ weight, gradient, slots, numbers }, { momentum, nesterov, weightDecay }): Moved {
    const down = (change: tf.Tensor) => tf.sub(weight, tf.mul(numbers.rate!, change));
    const decayed = weightDecay > 0 ? tf.add(gradient, tf.mul(weight, weightDecay)) : gradient;
    if (momentum === 0) return { weight: down(decayed) };
    const velocity = tf.add(tf.mul(slots.velocity!, momentum), decayed);
    return {
      velocity,
      weight: down(nesterov ? tf.add(decayed, tf.mul(velocity, momentum)) : velocity),
    };
  },
});
