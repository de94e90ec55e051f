/** From the learning rate down to `final` of it along half a cosine, from the end of warm-up to the end of training. Source: Loshchilov and Hutter 2017. */
import { z } from "zod";
import { defineSchedule } from "../schedule.js";

export const cosine = defineSchedule({
  settings: z.strictObject({
    kind: z.literal("cosine"),
    /** Share of the learning rate that is left at the end. */
    final: z.number().min(0).max(1).default(0),
  }),
  dependsOnDuration: true,
  factor({ step, steps, warmUp }, { final }) {
    const progress = (step - warmUp) / (steps - warmUp);
    return final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * progress));
  },
});
