/** Curves: their schema, and how long ones become short. */
import { z } from "zod";
import { closedObject } from "./closed-object.js";
import { text } from "./parts.js";
import { sum } from "./shares.js";

/**
 * A line of a chart; curves of equal axis labels share one chart. Curves that differ in nothing but their seed are drawn as one
 * line, their mean, with the seeds behind it.
 */
export const curveSchema = closedObject({
  name: text,
  xLabel: text,
  yLabel: text,
  points: z.array(z.tuple([z.number(), z.number()])),
  /** Which head it belongs to, where a run trained several. */
  head: text.optional(),
  seed: z.int().nonnegative().optional(),
  split: text.optional(),
});

export type Curve = z.output<typeof curveSchema>;
export type CurvePoint = readonly [x: number, y: number];

/** More points than a chart has pixels say nothing more. */
const MOST_POINTS = 300;

/**
 * At most `most` points: the first and the last as they are, between them the means of equally long stretches, so that noise is
 * evened out and curves of equal steps stay at equal steps. Shorter curves are returned as they are. `most` is at least 3.
 */
export function thinPoints(points: readonly CurvePoint[], most = MOST_POINTS): [number, number][] {
  if (points.length <= most) return points.map(([x, y]) => [x, y]);
  const inner = points.slice(1, -1);
  const edge = (index: number) => Math.round((index * inner.length) / (most - 2));
  const means = Array.from({ length: most - 2 }, (_, index) =>
    meanPoint(inner.slice(edge(index), edge(index + 1))),
  );
  return [[...points[0]!], ...means, [...points.at(-1)!]];
}

function meanPoint(points: readonly CurvePoint[]): [number, number] {
  return [sum(points.map(([x]) => x)) / points.length, sum(points.map(([, y]) => y)) / points.length];
}
