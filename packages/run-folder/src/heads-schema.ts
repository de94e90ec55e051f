/** Trained heads: one row per head, one run per seed. */
import { z } from "zod";
import { closedObject } from "./closed-object.js";
import { count, interval, percent, text, withinInterval } from "./parts.js";
import {
  checkedTraining,
  checkSameImages,
  checkSeeds,
  checkSummary,
  runShape,
  trainedShape,
} from "./trained.js";

/** One seed's training and what it reached. */
const headRunSchema = closedObject({
  ...runShape,
  top1: withinInterval(closedObject({ value: percent, interval, n: count })),
});

const shape = closedObject({
  ...trainedShape,
  /** As in the registry: "attention". */
  head: text,
  runs: z.array(headRunSchema).min(1),
  /** Top-1 in per cent over the runs: see `overSeeds`. */
  mean: percent,
  deviation: z.number().nonnegative().nullable(),
});

export type TrainedHead = z.output<typeof shape>;
export type HeadRun = z.output<typeof headRunSchema>;

export const headSchema = checkedTraining(shape, (head, complain) => {
  const top1 = head.runs.map((run) => run.top1);
  checkSeeds(head, complain);
  checkSameImages(
    top1.map(({ n }) => n),
    complain,
    "top1",
    "n",
  );
  checkSummary(
    head,
    top1.map(({ value }) => value),
    complain,
  );
});
