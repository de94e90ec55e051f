/** Where the CLS token of a head looks, image by image. Shares are from 0 to 1. */
import { z } from "zod";
import { exampleShape } from "./classes-schema.js";
import { closedObject } from "./closed-object.js";
import { count, text, timestep } from "./parts.js";
import { overfull, share, sum } from "./shares.js";

/** How far a weight may lie from the mean of its heads: rounding to four places, and float32. */
const MEAN_SLACK = 0.001;

const mapShape = closedObject({
  tap: text,
  block: count,
  timestep,
  /** Rows and columns of cells, laid evenly over the image. */
  height: count,
  width: count,
  /**
   * height·width, rows first: the last transformer block's weights from the CLS token, mean over its heads. They sum to the
   * tap's share; the taps of one timestep and the CLS token's own weight together sum to 1.
   */
  weights: z.array(share),
  /** The same for each of its heads. */
  heads: z.array(z.array(share)).min(1).optional(),
});

export type AttentionMap = z.output<typeof mapShape>;

const mapSchema = mapShape.superRefine((map, context) => {
  const wrong = cellsWrong(map) ?? meanWrong(map);
  if (wrong) context.addIssue({ code: "custom", ...wrong, input: map });
});

interface Wrong {
  readonly path: (string | number)[];
  readonly message: string;
}

function cellsWrong({ height, width, weights, heads = [] }: AttentionMap): Wrong | undefined {
  const message = ({ length }: readonly number[]) => `${length} weights for ${height} × ${width} cells`;
  if (weights.length !== height * width) return { path: ["weights"], message: message(weights) };
  const index = heads.findIndex(({ length }) => length !== height * width);
  return index < 0 ? undefined : { path: ["heads", index], message: message(heads[index]!) };
}

function meanWrong({ weights, heads }: AttentionMap): Wrong | undefined {
  if (!heads) return undefined;
  const means = weights.map((_, cell) => sum(heads.map((head) => head[cell]!)) / heads.length);
  const cell = weights.findIndex((weight, index) => Math.abs(weight - means[index]!) > MEAN_SLACK);
  if (cell < 0) return undefined;
  return { path: ["weights", cell], message: `${weights[cell]}, but the heads' mean is ${means[cell]}` };
}

/** An image with the maps of all taps that the head reads. */
const attentionExampleSchema = closedObject({
  ...exampleShape,
  maps: z.array(mapSchema).min(1),
}).superRefine(({ maps }, context) => {
  const message = overfull(maps.map((map) => ({ timestep: map.timestep, share: sum(map.weights) })));
  if (message) context.addIssue({ code: "custom", path: ["maps"], message, input: maps });
});

/** One trained head on some images; `head` is the name of a row of `heads`, `seed` one of its runs. */
export const attentionSchema = closedObject({
  head: text,
  seed: z.int().nonnegative(),
  examples: z.array(attentionExampleSchema),
});

export type Attention = z.output<typeof attentionSchema>;
export type AttentionExample = z.output<typeof attentionExampleSchema>;
