/** What everything says that was trained once per seed, heads, detectors and segmenters alike; and what then has to hold. */
import { z } from "zod";
import { closedObject } from "./closed-object.js";
import { overSeeds } from "./over-seeds.js";
import { count, ROUNDING, text } from "./parts.js";

const failureSchema = closedObject({ seed: z.int().nonnegative(), reason: text });

export const trainedShape = {
  /** What tables call it; every entry of a list has its own: "attention, pool 8". */
  name: text,
  /** Names of the maps it reads: "t90/b09". */
  taps: z.array(text).min(1),
  /** How it was trained. */
  protocol: text,
  split: text,
  /** Its own settings in words: "width 256, 8 heads, 2 layers". */
  settings: text,
  /** Numbers that are trained. */
  parameters: count,
  /** Seeds that gave no number, such as those that diverged; they are in no mean. */
  failures: z.array(failureSchema).optional(),
};

/** One seed's training. */
export const runShape = {
  seed: z.int().nonnegative(),
  epochs: z.number().nonnegative(),
  /** Time of the training. */
  seconds: z.number().nonnegative(),
};

export type Complain = (message: string, ...path: (string | number)[]) => void;

/** A shape, and what has to hold beyond it; of a model without runs the shape says enough. */
export function checkedTraining<S extends z.ZodType<{ runs: readonly unknown[] }>>(
  shape: S,
  check: (model: z.output<S>, complain: Complain) => void,
): S {
  return shape.superRefine((model, context) => {
    if (model.runs.length === 0) return;
    check(model, (message, ...path) => context.addIssue({ code: "custom", message, path, input: model }));
  });
}

interface Seeded {
  readonly runs: readonly { readonly seed: number }[];
  readonly failures?: readonly { readonly seed: number }[] | undefined;
}

export function checkSeeds({ runs, failures = [] }: Seeded, complain: Complain): void {
  const seeds = [...runs, ...failures].map(({ seed }) => seed);
  seeds.forEach((seed, index) => {
    if (seeds.indexOf(seed) === index) return;
    const place = index < runs.length ? ["runs", index] : ["failures", index - runs.length];
    complain(`seed ${seed} is there twice`, ...place, "seed");
  });
}

/** @param counts images of each run; @param inside where in a run they stand */
export function checkSameImages(
  counts: readonly number[],
  complain: Complain,
  ...inside: (string | number)[]
): void {
  counts.forEach((n, index) => {
    if (n !== counts[0])
      complain(`${n} images beside ${counts[0]} of the first run`, "runs", index, ...inside);
  });
}

/** Mean and deviation over the seeds; null where the images have nothing to take the number from. */
interface Summary {
  readonly mean: number | null;
  readonly deviation: number | null;
}

/** The summary is what the runs give: a table must not say other things than its rows. */
export function checkSummary(
  said: Summary,
  values: readonly (number | null)[],
  complain: Complain,
  ...path: (string | number)[]
): void {
  const known = values.filter((value) => value !== null);
  if (known.length < values.length) checkNothing(said, known.length, complain, ...path);
  else if (known.length > 0) checkOverSeeds(said, known, complain, ...path);
}

function checkOverSeeds(
  said: Summary,
  known: readonly number[],
  complain: Complain,
  ...path: (string | number)[]
): void {
  const { mean, deviation } = overSeeds(known);
  if (said.mean === null || Math.abs(mean - said.mean) > ROUNDING)
    complain(`${said.mean}, but the runs' mean is ${mean}`, ...path, "mean");
  if ((said.deviation === null) !== (deviation === null)) {
    const whose = known.length === 1 ? "one run has none" : "several runs have one";
    complain(`${whose}, got ${said.deviation}`, ...path, "deviation");
  } else if (said.deviation !== null && Math.abs(deviation! - said.deviation) > ROUNDING)
    complain(
      `${said.deviation}, but the runs' sample standard deviation is ${deviation}`,
      ...path,
      "deviation",
    );
}

/** Runs on the same images have a number together or not at all. */
function checkNothing(
  { mean, deviation }: Summary,
  known: number,
  complain: Complain,
  ...path: (string | number)[]
): void {
  if (known > 0) complain("some runs have a number and others none", ...path);
  else if (mean !== null || deviation !== null)
    complain(`no run has a number, got ${mean ?? deviation}`, ...path);
}

/** A mean over classes, those without a number left out, is what the first run says. */
export function checkClassMean(
  classes: readonly (number | null)[],
  first: number | null,
  complain: Complain,
  ...path: (string | number)[]
): void {
  const known = classes.filter((value) => value !== null);
  const mean = known.length === 0 ? null : overSeeds(known).mean;
  const same = mean === null || first === null ? mean === first : Math.abs(mean - first) <= ROUNDING;
  if (!same) complain(`the classes' mean is ${mean}, but the first run says ${first}`, ...path);
}
