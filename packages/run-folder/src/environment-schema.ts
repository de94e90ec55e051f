/** What a run was measured on, and the lines of its `metrics.jsonl`. */
import { z } from "zod";
import { closedObject } from "./closed-object.js";
import { text } from "./parts.js";

/** The whole of `environment.json`. */
export const environmentSchema = closedObject({
  node: text,
  platform: text,
  processor: text,
  cores: z.int().positive(),
  memoryGiB: z.number().nonnegative(),
  commit: text.nullable(),
  versions: z.record(z.string(), z.string()),
  engine: text.optional(),
});

/** One line of `metrics.jsonl`: what was measured at a step, by name. */
export const metricSchema = closedObject({
  step: z.int().nonnegative(),
  epoch: z.number().nonnegative().optional(),
  seconds: z.number().nonnegative().optional(),
  split: text.optional(),
  values: z.record(z.string(), z.number()),
});

export type RunEnvironment = z.output<typeof environmentSchema>;
export type MetricRecord = z.output<typeof metricSchema>;
