/** Several data sets read in several ways: one number a row, over its seeds, with what the paper reports beside it. */
import { z } from "zod";
import { closedObject } from "./closed-object.js";
import { count, interval, seeds, text, withinInterval } from "./parts.js";

/** A number of the same metric and unit from elsewhere. */
const paperSchema = closedObject({ value: z.number(), source: text });

const rowSchema = withinInterval(
  closedObject({
    dataset: text,
    reading: text,
    /** Which of several numbers that the reading gives. */
    name: text.optional(),
    metric: text,
    /** Mean over the seeds. */
    value: z.number(),
    unit: z.string().default("%"),
    /** Sample standard deviation over the seeds (n − 1); null where they gave one number. */
    deviation: z.number().nonnegative().nullable(),
    /** From the lowest to the highest end of the seeds' own intervals. */
    interval,
    /** Of each seed. */
    n: count,
    protocol: text,
    split: text,
    seeds,
    paper: paperSchema.optional(),
    /** Of the jobs that gave it, relative to the suite's own. */
    folders: z.array(text).min(1),
  }),
);

const shape = closedObject({
  rows: z.array(rowSchema),
  /** Jobs that ended without a number, and why. */
  failures: z.array(closedObject({ job: text, reason: text })),
  /** Jobs that have not ended. */
  missing: z.array(text),
});

export type Suite = z.output<typeof shape>;
export type SuiteRow = z.output<typeof rowSchema>;

export const suiteSchema = shape.superRefine(({ rows }, context) => {
  const keys = rows.map(({ dataset, reading, name = "", metric }) =>
    JSON.stringify([dataset, reading, name, metric]),
  );
  keys.forEach((key, index) => {
    if (keys.indexOf(key) === index) return;
    const { dataset, reading } = rows[index]!;
    const message = `another row says the same of ${dataset}, ${reading}`;
    context.addIssue({ code: "custom", path: ["rows", index], message, input: rows });
  });
  rows.forEach((row, index) => {
    if (row.deviation === null || row.seeds.length > 1) return;
    const message = `one seed has none, got ${row.deviation}`;
    context.addIssue({ code: "custom", path: ["rows", index, "deviation"], message, input: rows });
  });
});
