/** How long something lasts: in steps, examples or epochs, exactly one of them. */
import { z } from "zod";

/** Exactly one of the three. Steps and examples are whole, epochs need not be. */
export type Duration =
  | { readonly epochs: number }
  | { readonly steps: number }
  | { readonly examples: number };

const units = ["epochs", "steps", "examples"];

const amounts = z
  .strictObject({
    epochs: z.number().positive().optional(),
    steps: z.int().positive().optional(),
    examples: z.int().positive().optional(),
  })
  .refine((given) => Object.keys(given).length === 1, { error: `give exactly one of ${units.join(", ")}` });

/** The type says "exactly one" more sharply than the schema's own. */
export const durationSchema = amounts as unknown as z.ZodType<Duration, Duration>;

/** What turns durations into steps: how many samples there are, and how many make a step. */
export interface Pace {
  readonly samples: number;
  readonly batch: number;
  /** An epoch takes each sample at most once. */
  readonly stepsPerEpoch: number;
}

/** What an epoch does with samples that fill no batch: a shorter one, or they are left out until the next epoch's order. */
export type LastBatch = "shorter" | "dropped";

export function paceOf(samples: number, batch: number, last: LastBatch): Pace {
  const batches = samples / batch;
  return { samples, batch, stepsPerEpoch: last === "shorter" ? Math.ceil(batches) : Math.floor(batches) };
}

/** Steps until the duration has passed, rounded up. */
export function stepsIn(duration: Duration, { samples, batch, stepsPerEpoch }: Pace): number {
  if ("steps" in duration) return duration.steps;
  if ("epochs" in duration) return Math.ceil(duration.epochs * stepsPerEpoch);
  const wholeEpochs = Math.floor(duration.examples / samples);
  return wholeEpochs * stepsPerEpoch + Math.ceil((duration.examples - wholeEpochs * samples) / batch);
}
