/** Trained detectors, and what they stand beside: one entry per model, one run per seed. Figures are in per cent. */
import { z } from "zod";
import { closedObject } from "./closed-object.js";
import { cocoSchema, cocoSummarySchema, comparedFigures, summarySchema } from "./coco-schema.js";
import { detectionPictureSchema } from "./detection-pictures.js";
import { count, interval, percent, text, withinInterval } from "./parts.js";
import {
  type Complain,
  checkClassMean,
  checkedTraining,
  checkSameImages,
  checkSeeds,
  checkSummary,
  runShape,
  trainedShape,
} from "./trained.js";

/** One seed's training and what it reached on `n` images. */
const runSchema = closedObject({
  ...runShape,
  n: count,
  box: cocoSchema,
  mask: cocoSchema.optional(),
  /** VOC's average precision at an overlap of 0.5, mean over the classes. */
  voc50: withinInterval(closedObject({ value: percent, interval })).optional(),
});

const classFigures = { ap: percent.nullable(), ap50: percent.nullable() };

/** A class of the first run; null where no image has an object of it. */
const classSchema = closedObject({
  name: text,
  /** Objects that have to be found. */
  objects: z.int().nonnegative(),
  ...classFigures,
  mask: closedObject(classFigures).optional(),
});

/** Boxes of the data set that could not be taken as they are written. */
const boxReportSchema = closedObject({
  /** All that were read. */
  boxes: z.int().nonnegative(),
  /** Without area, or none of it inside the image. */
  dropped: z.int().nonnegative(),
  /** Over the image's edge, and cut there. */
  clipped: z.int().nonnegative(),
  examples: z.array(text),
});

const shape = closedObject({
  ...trainedShape,
  /** As in the registries: "fcos", "fpn". */
  detector: text,
  neck: text,
  runs: z.array(runSchema).min(1),
  figures: closedObject({
    box: cocoSummarySchema,
    mask: cocoSummarySchema.optional(),
    voc50: summarySchema.optional(),
  }),
  /** Every class, in the order of the data set. */
  perClass: z.array(classSchema).min(1),
  dropped: boxReportSchema.optional(),
  /** Of the first run. */
  pictures: z.array(detectionPictureSchema).default([]),
});

export type TrainedDetector = z.output<typeof shape>;
export type DetectionRun = z.output<typeof runSchema>;
export type DetectionClass = z.output<typeof classSchema>;
export type DroppedBoxes = z.output<typeof boxReportSchema>;

export const detectorSchema = checkedTraining(shape, (model, complain) => {
  checkSeeds(model, complain);
  checkSameImages(
    model.runs.map(({ n }) => n),
    complain,
    "n",
  );
  checkFigures(model, complain);
  checkClasses(model, complain);
  checkBoxReport(model, complain);
  checkLabels(model, complain);
});

function checkFigures({ runs, figures }: TrainedDetector, complain: Complain): void {
  for (const kind of ["box", "mask"] as const) {
    const found = ofAll(
      runs.map((run) => run[kind]),
      kind,
      figures,
      complain,
    );
    for (const name of comparedFigures) {
      const values = found.map((run) => run[name]);
      if (figures[kind]) checkSummary(figures[kind][name], values, complain, "figures", kind, name);
    }
  }
  const voc = ofAll(
    runs.map(({ voc50 }) => voc50),
    "voc50",
    figures,
    complain,
  );
  const values = voc.map(({ value }) => value);
  if (figures.voc50) checkSummary(figures.voc50, values, complain, "figures", "voc50");
}

/** What all runs have when the summary has it, and none else; nothing where that is broken. */
function ofAll<T>(
  parts: readonly (T | undefined)[],
  name: "box" | "mask" | "voc50",
  figures: TrainedDetector["figures"],
  complain: Complain,
): T[] {
  const there = parts.filter((part) => part !== undefined);
  const said = figures[name] !== undefined;
  if (there.length === (said ? parts.length : 0)) return there;
  complain(
    `it is ${said ? "there" : "missing"}, but ${there.length} of ${parts.length} runs have it`,
    "figures",
    name,
  );
  return [];
}

function checkClasses({ perClass, runs: [first] }: TrainedDetector, complain: Complain): void {
  for (const name of comparedFigures) {
    const box = perClass.map((entry) => entry[name]);
    checkClassMean(box, first!.box[name], complain, "perClass");
    const masks = perClass.flatMap(({ mask }) => (mask ? [mask[name]] : []));
    if (masks.length > 0) checkClassMean(masks, first!.mask?.[name] ?? null, complain, "perClass");
  }
}

function checkBoxReport({ dropped: report }: TrainedDetector, complain: Complain): void {
  if (!report) return;
  const { boxes, dropped, clipped, examples } = report;
  if (dropped + clipped > boxes)
    complain(`${dropped} dropped and ${clipped} clipped of ${boxes} boxes`, "dropped", "boxes");
  if (examples.length > dropped)
    complain(`${examples.length} examples of ${dropped} dropped boxes`, "dropped", "examples");
}

/** Pictures speak of the classes there are. */
function checkLabels({ perClass, pictures }: TrainedDetector, complain: Complain): void {
  const names = new Set(perClass.map(({ name }) => name));
  const check = (label: string, ...path: (string | number)[]) => {
    if (!names.has(label))
      complain(`no class is called "${label}"; there are ${[...names].join(", ")}`, ...path);
  };
  pictures.forEach(({ truth, found }, picture) => {
    truth.forEach(({ label }, index) => {
      check(label, "pictures", picture, "truth", index, "label");
    });
    found.forEach(({ label }, index) => {
      check(label, "pictures", picture, "found", index, "label");
    });
  });
}
