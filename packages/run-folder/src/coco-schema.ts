/** COCO's twelve figures of one run, in per cent; null where the images have no object of that size. */
import { z } from "zod";
import { closedObject } from "./closed-object.js";
import { interval, misfit, percent } from "./parts.js";

const figure = percent.nullable();

/** Average precision over overlaps 0.50 to 0.95 and the twelve that pycocotools prints with it. */
const twelve = {
  ap: figure,
  ap50: figure,
  ap75: figure,
  apSmall: figure,
  apMedium: figure,
  apLarge: figure,
  /** Average recall of at most 1, 10, 100 detections an image. */
  ar1: figure,
  ar10: figure,
  ar100: figure,
  arSmall: figure,
  arMedium: figure,
  arLarge: figure,
};

export type CocoFigure = keyof typeof twelve;

/** The figures that have an interval, and over the seeds a mean. */
export const comparedFigures = ["ap", "ap50"] as const;

export const cocoSchema = closedObject({
  ...twelve,
  interval: closedObject({ ap: interval.nullable(), ap50: interval.nullable() }),
}).superRefine((figures, context) => {
  for (const name of comparedFigures) {
    const message = misfit(figures.interval[name], figures[name]);
    if (message) context.addIssue({ code: "custom", message, path: ["interval", name], input: figures });
  }
});

export type CocoFigures = z.output<typeof cocoSchema>;

/** Over the runs: see `overSeeds`. */
export const summarySchema = closedObject({ mean: figure, deviation: z.number().nonnegative().nullable() });
export const cocoSummarySchema = closedObject({ ap: summarySchema, ap50: summarySchema });
