/** Trained heads: one row per head, one run per seed. */
import { z } from "zod";
import { closedObject } from "./closed-object.js";
import { overSeeds } from "./over-seeds.js";
import { count, interval, percent, ROUNDING, text, withinInterval } from "./parts.js";

/** One seed's training and what it reached. */
const headRunSchema = closedObject({
  seed: z.int().nonnegative(),
  top1: withinInterval(closedObject({ value: percent, interval, n: count })),
  epochs: z.number().nonnegative(),
  /** Time of the training. */
  seconds: z.number().nonnegative(),
});

const failureSchema = closedObject({ seed: z.int().nonnegative(), reason: text });

const shape = closedObject({
  /** What tables call it; every row of a run has its own: "attention, pool 8". */
  name: text,
  /** As in the registry: "attention". */
  head: text,
  /** Names of the maps it reads: "t90/b09". */
  taps: z.array(text).min(1),
  /** How it was trained. */
  protocol: text,
  split: text,
  /** The head's own settings in words: "width 256, 8 heads, 2 layers". */
  settings: text,
  /** Numbers that are trained. */
  parameters: count,
  runs: z.array(headRunSchema).min(1),
  /** Seeds that gave no number, such as those that diverged; they are in no mean. */
  failures: z.array(failureSchema).optional(),
  /** Top-1 in per cent over the runs: see `overSeeds`. */
  mean: percent,
  deviation: z.number().nonnegative().nullable(),
});

export type TrainedHead = z.output<typeof shape>;
export type HeadRun = z.output<typeof headRunSchema>;

type Report = (message: string, ...path: (string | number)[]) => void;

export const headSchema = shape.superRefine((head, context) => {
  const report: Report = (message, ...path) =>
    context.addIssue({ code: "custom", message, path, input: head });
  checkRuns(head, report);
  checkMean(head, report);
});

function checkRuns({ runs, failures = [] }: TrainedHead, report: Report): void {
  const seeds = [...runs, ...failures].map(({ seed }) => seed);
  seeds.forEach((seed, index) => {
    if (seeds.indexOf(seed) === index) return;
    const place = index < runs.length ? ["runs", index] : ["failures", index - runs.length];
    report(`seed ${seed} is there twice`, ...place, "seed");
  });
  runs.forEach(({ top1 }, index) => {
    if (top1.n !== runs[0]!.top1.n)
      report(`${top1.n} images beside ${runs[0]!.top1.n} of the first run`, "runs", index, "top1", "n");
  });
}

/** The summary is what the runs give: a table must not say other things than its rows. */
function checkMean({ runs, mean, deviation }: TrainedHead, report: Report): void {
  if (runs.length === 0) return;
  const given = overSeeds(runs.map(({ top1 }) => top1.value));
  if (Math.abs(given.mean - mean) > ROUNDING) report(`${mean}, but the runs' mean is ${given.mean}`, "mean");
  if ((deviation === null) !== (given.deviation === null))
    report(
      `${runs.length === 1 ? "one run has none" : "several runs have one"}, got ${deviation}`,
      "deviation",
    );
  else if (deviation !== null && Math.abs(given.deviation! - deviation) > ROUNDING)
    report(`${deviation}, but the runs' sample standard deviation is ${given.deviation}`, "deviation");
}
