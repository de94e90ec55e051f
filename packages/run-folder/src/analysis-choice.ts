/** Which block and timestep to take, found on a small budget, and what fusing taps does to their features. */
import { z } from "zod";
import { saidShape, surfaceSchema } from "./analysis-surfaces.js";
import { closedObject } from "./closed-object.js";
import { count, interval, percent, text, timestep, withinInterval } from "./parts.js";

const cellShape = { block: count, timestep };
const measureShape = { value: z.number(), interval };
const measure = withinInterval(closedObject(measureShape));

/** One rung of successive halving: every cell still in the race, read from the same images. */
const rung = closedObject({
  images: count,
  /** How many cells go on. */
  kept: count,
  /** Top-1 on the images held out. */
  scores: surfaceSchema,
});

const regret = withinInterval(
  closedObject({
    /** Points of top-1 that the best cell of the whole grid has before the chosen one. */
    ...measureShape,
    /** Of the same grid. */
    best: closedObject({ ...cellShape, top1: percent }),
    chosenTop1: percent,
    ...saidShape,
  }),
);

export const choiceSchema = closedObject({
  rungs: z.array(rung).min(1),
  chosen: withinInterval(closedObject({ ...cellShape, ...measureShape, ...saidShape })),
  /** What the race took, and what reading every cell from all images takes. */
  cost: closedObject({
    /** Multiply-adds of the network in billions. */
    gmac: z.number().nonnegative(),
    gridGmac: z.number().nonnegative(),
    /** Images times cells that were read. */
    readings: count,
    gridReadings: count,
  }),
  regret: regret.optional(),
  /** Every cell on all images, where that was measured as well. */
  grid: surfaceSchema.optional(),
});

export type Choice = z.output<typeof choiceSchema>;

/** Features before fusion, tap by tap, or what the head makes of them. */
const stage = closedObject({
  name: text,
  place: z.enum(["before", "after"]),
  dimensions: count,
  /** Of a solved linear probe, in per cent. */
  top1: measure,
  /** Share of neighbours with the same label, in per cent. */
  purity: measure,
  /** With what the head makes of it. */
  cka: measure.optional(),
});

export const fusionSchema = closedObject({
  /** What tables call the head. */
  head: text,
  stages: z.array(stage).min(2),
  /** Purity of neighbours at random, in per cent. */
  chance: percent,
  /** Neighbours counted. */
  k: count,
  ...saidShape,
});

export type Fusion = z.output<typeof fusionSchema>;
