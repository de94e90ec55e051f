/** From the learning rate down to `final` of it along a straight line, from the end of warm-up to the last step. */
import { z } from "zod";
import { defineSchedule } from "../schedule.js";

export const linear = defineSchedule({
  settings: z.strictObject({
    kind: z.literal("linear"),
    /** Share of the learning rate that the last step takes. */
    final: z.number().min(0).max(1).default(0),
  }),
  dependsOnDuration: true,
  factor({ step, steps, warmUp }, { final }) {
    const progress = (step - warmUp) / Math.max(1, steps - 1 - warmUp);
    return 1 - (1 - final) * progress;
  },
});
