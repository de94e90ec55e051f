/** What a schedule is: the share of the learning rate that a step takes. */
import type { z } from "zod";
import type { Duration } from "./duration.js";
import type { SettingsSchema } from "./optimizer.js";

interface Position {
  /** Counted from 0. */
  readonly step: number;
  /** Steps of the whole training. */
  readonly steps: number;
  /** Steps of warm-up at its beginning; `step` is not below them. */
  readonly warmUp: number;
  /** A duration in steps. */
  stepsIn(duration: Duration): number;
}

export interface ScheduleDefinition<Schema extends SettingsSchema = SettingsSchema> {
  /** Checks settings and fills in their defaults; `kind` is the schedule's name. */
  readonly settings: Schema;
  /** True where a longer training has other learning rates from its beginning on: such a one cannot be made longer. */
  readonly dependsOnDuration: boolean;
  /** Factor of the learning rate. */
  factor(position: Position, settings: z.output<Schema>): number;
}

/** Types a definition by its schema. */
export function defineSchedule<Schema extends SettingsSchema>(
  definition: ScheduleDefinition<Schema>,
): ScheduleDefinition<Schema> {
  return definition;
}
