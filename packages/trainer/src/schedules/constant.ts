/** The same learning rate throughout. */
import { z } from "zod";
import { defineSchedule } from "../schedule.js";

export const constant = defineSchedule({
  settings: z.strictObject({ kind: z.literal("constant") }),
  dependsOnDuration: false,
  factor: () => 1,
});
