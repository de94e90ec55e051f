/** The small pieces that the schemas of a run folder share. */
import { z } from "zod";

/** A value may leave its interval by as much as rounding to two places moves it. */
export const ROUNDING = 0.01;

export const text = z.string().min(1);
export const count = z.int().positive();
export const seeds = z.array(z.int().nonnegative()).min(1);
export const percent = z.number().min(0).max(100);

/** A timestep index, or "clean" for images without noise. */
export const timestep = z.union([z.int().nonnegative(), z.literal("clean")]);
export type Timestep = z.output<typeof timestep>;

/** Lower and upper end of a 95 % interval. */
export const interval = z
  .tuple([z.number(), z.number()])
  .refine(([low, high]) => low <= high, { error: "an interval is [lower, upper]" });
export type Interval = z.output<typeof interval>;

interface Measured {
  readonly value: number;
  readonly interval: Interval;
}

/** Refuses a value outside its own interval: the sign of a fraction beside a percentage. */
export function withinInterval<S extends z.ZodType<Measured>>(schema: S): S {
  return schema.refine(({ value, interval: ends }) => contains(ends, value), {
    path: ["interval"],
    error: (issue) => outside((issue.input as Measured).interval, (issue.input as Measured).value),
  });
}

/** What is wrong between a value and its interval: they are there together or not at all. Undefined when nothing is. */
export function misfit(ends: Interval | null, value: number | null): string | undefined {
  if (value === null || ends === null)
    return value === ends ? undefined : "a value and its interval are there together or not at all";
  return contains(ends, value) ? undefined : outside(ends, value);
}

/** A list of entries that all have names of their own. @param what an entry is, in words */
export function namedApart<S extends z.ZodType<{ readonly name: string }>>(schema: S, what: string) {
  return z.array(schema).superRefine((entries, context) => {
    const names = entries.map(({ name }) => name);
    names.forEach((name, index) => {
      if (names.indexOf(name) === index) return;
      const message = `another ${what} is called "${name}" too`;
      context.addIssue({ code: "custom", message, path: [index, "name"], input: entries });
    });
  });
}

function contains([low, high]: Interval, value: number): boolean {
  return value >= low - ROUNDING && value <= high + ROUNDING;
}

function outside([low, high]: Interval, value: number): string {
  return `the value ${value} lies outside its interval ${low} to ${high}; are both in the same unit?`;
}
