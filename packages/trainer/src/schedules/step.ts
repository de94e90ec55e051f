/** The learning rate falls by a factor after every so much training, warm-up counted. The paper's: ×0.1 every 7 epochs. */
import { z } from "zod";
import { durationSchema } from "../duration.js";
import { defineSchedule } from "../schedule.js";

export const step = defineSchedule({
  settings: z.strictObject({
    kind: z.literal("step"),
    every: durationSchema,
    factor: z.number().positive().max(1).default(0.1),
  }),
  dependsOnDuration: false,
  factor: (position, { every, factor }) => factor ** Math.floor(position.step / position.stepsIn(every)),
});
