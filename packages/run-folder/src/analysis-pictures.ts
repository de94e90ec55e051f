/** What an analysis shows: maps in the colours of their components, neighbours, points of one image found in another. */
import { z } from "zod";
import { saidShape, surfaceSchema } from "./analysis-surfaces.js";
import { imageAddress } from "./classes-schema.js";
import { closedObject } from "./closed-object.js";
import { count, percent, text, timestep } from "./parts.js";
import { share } from "./shares.js";

const cellShape = { block: count, timestep };

/** An image as the network sees it; stores have no pixels. */
const pictureShape = { id: text, label: z.string().optional(), image: imageAddress.optional() };
const shownShape = { ...pictureShape, image: imageAddress };

const colouredMap = closedObject({
  /** The cells of the map, the first three components as red, green and blue. */
  image: imageAddress,
  /** Mean place along each component. */
  means: z.array(z.number()).length(3),
  /** Where the first component is largest, counted from 1. */
  strongest: closedObject({ row: count, column: count }),
});

/** A tap's maps of all pictures, coloured together. */
const componentTap = closedObject({
  ...cellShape,
  height: count,
  width: count,
  /** Share of the variance over all cells of all pictures along each component. */
  explained: z.array(share).length(3),
  maps: z.array(colouredMap),
});

const componentsShape = closedObject({
  pictures: z.array(closedObject(shownShape)).min(1),
  taps: z.array(componentTap).min(1),
  ...saidShape,
});

export type Components = z.output<typeof componentsShape>;

export const componentsSchema = componentsShape.superRefine((components, context) => {
  const { pictures, taps } = components;
  taps.forEach(({ maps }, index) => {
    if (maps.length === pictures.length) return;
    const message = `${maps.length} maps of ${pictures.length} pictures`;
    context.addIssue({ code: "custom", message, path: ["taps", index, "maps"], input: components });
  });
});

const neighbour = closedObject({ ...pictureShape, similarity: z.number() });

/** An image and those most like it at a tap, most alike first. */
const query = closedObject({ ...pictureShape, neighbours: z.array(neighbour).min(1) });

export const neighboursSchema = closedObject({
  /** Share of an image's neighbours that have its label; absent for images without labels. */
  purity: surfaceSchema.optional(),
  /** What neighbours at random would give, in per cent. */
  chance: percent.optional(),
  shown: z.array(closedObject({ ...cellShape, queries: z.array(query) })),
  ...saidShape,
});

export type Neighbourhoods = z.output<typeof neighboursSchema>;

/** In pixels from the upper left corner. */
const point = closedObject({ x: z.number(), y: z.number() });

const match = closedObject({
  ...cellShape,
  x: z.number(),
  y: z.number(),
  /** Cosine of the features of the two points. */
  similarity: z.number(),
  /** Pixels from where it should be, or for want of truth from the point to where the way back ends. */
  distance: z.number().nonnegative(),
});

const foundPoint = closedObject({
  ...point.shape,
  /** Where it is in the second image. */
  truth: point.optional(),
  /** Of all taps the one of the least distance. */
  best: match,
  /** At the taps that are shown. */
  matches: z.array(match),
});

const example = closedObject({
  /** "flip", "image 3 in image 7" */
  title: text,
  from: closedObject(shownShape),
  to: closedObject(shownShape),
  /** Side of both images in pixels. */
  size: count,
  /** What distances are measured by. */
  judge: z.enum(["truth", "round trip"]),
  points: z.array(foundPoint),
  ...saidShape,
});

export const correspondenceSchema = closedObject({
  /** A point is found within this share of the image's side. */
  alpha: z.number().positive(),
  /** Points found, by tap, for each way an image was changed. */
  found: z.array(closedObject({ change: text, points: surfaceSchema })),
  examples: z.array(example),
});

export type Correspondence = z.output<typeof correspondenceSchema>;
export type CorrespondenceExample = z.output<typeof example>;
