/** What each block and timestep contributes to a head. Weights are from 0 to 1. */
import { z } from "zod";
import { closedObject } from "./closed-object.js";
import { count, seeds, text, timestep } from "./parts.js";
import { notWhole, overfull, share } from "./shares.js";

/** A tap with its weight, mean over the seeds; the deviation is the seeds' sample standard deviation, null for one. */
const contributionSchema = closedObject({
  tap: text,
  block: count,
  timestep,
  weight: share,
  deviation: z.number().nonnegative().nullable(),
});

/** `head` is the name of a row of `heads`, `seeds` are of its runs. */
const shape = { head: text, seeds, taps: z.array(contributionSchema).min(1) };

/** What a head learned to weigh its taps with: sums to 1 over all taps. */
export const tapWeightsSchema = closedObject(shape).superRefine(({ taps }, context) => {
  const message = notWhole(taps.map(({ weight }) => weight));
  if (message) context.addIssue({ code: "custom", path: ["taps"], message, input: taps });
});

/**
 * The share of the CLS token's attention that goes to each tap in the last transformer block: mean over its heads and the n
 * images of the split. The taps of one timestep and the CLS token's own share together sum to 1.
 */
export const tapSharesSchema = closedObject({ ...shape, split: text, n: count }).superRefine(
  ({ taps }, context) => {
    const message = overfull(taps.map((tap) => ({ timestep: tap.timestep, share: tap.weight })));
    if (message) context.addIssue({ code: "custom", path: ["taps"], message, input: taps });
  },
);

export type Contribution = z.output<typeof contributionSchema>;
export type TapWeights = z.output<typeof tapWeightsSchema>;
export type TapShares = z.output<typeof tapSharesSchema>;
