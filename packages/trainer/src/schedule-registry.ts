/** Every schedule. A new one is a file in schedules/, a line here and a test. */
import { z } from "zod";
import type { ScheduleDefinition } from "./schedule.js";
import { constant } from "./schedules/constant.js";
import { cosine } from "./schedules/cosine.js";
import { linear } from "./schedules/linear.js";
import { step } from "./schedules/step.js";

export const schedules = [constant, step, cosine, linear] as const;

type Schema = (typeof schedules)[number]["settings"];
const [first, ...others] = schedules.map(({ settings }) => settings as Schema);

/** Settings of any of them, told apart by `kind`. */
export const scheduleSettings = z.discriminatedUnion("kind", [first!, ...others]);

/** The schedule that checked settings ask for. */
export function scheduleOf({ kind }: z.output<typeof scheduleSettings>): ScheduleDefinition {
  const found = schedules.find(({ settings: { shape } }) => shape.kind.value === kind);
  return found as ScheduleDefinition;
}
