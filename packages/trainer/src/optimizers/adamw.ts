/** Adam whose weights shrink by rate·weightDecay before each step, apart from the gradient. Source: Loshchilov and Hutter 2019; torch.optim.AdamW. */
import { tf } from "@difftap/engine";
import { z } from "zod";
import { defineOptimizer } from "../optimizer.js";
import { momentNumbers, momentSettings, momentSlots, moveByMoments } from "./adam.js";

export const adamw = defineOptimizer({
  settings: z.strictObject({
    kind: z.literal("adamw"),
    ...momentSettings,
    /** For every parameter. */
    weightDecay: z.number().min(0).default(0.01),
  }),
  elementwise: true,
  slots: () => momentSlots,
  numbers: (step, settings) => ({
    ...momentNumbers(step, settings),
    kept: 1 - step.rate * settings.weightDecay,
  }),
  update(parameter, settings) {
    const { weight, numbers } = parameter;
    const shrunk = settings.weightDecay > 0 ? tf.mul(weight, numbers.kept!) : weight;
    return moveByMoments({ ...parameter, weight: shrunk }, settings);
  },
});
