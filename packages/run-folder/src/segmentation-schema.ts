/** Trained segmenters, and what they stand beside: one entry per model, one run per seed. Figures are in per cent. */
import { z } from "zod";
import { imageAddress, mapAddress } from "./classes-schema.js";
import { closedObject } from "./closed-object.js";
import { count, interval, percent, ROUNDING, text, withinInterval } from "./parts.js";
import { sum } from "./shares.js";
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

const measured = withinInterval(closedObject({ value: percent, interval }));

/** One seed's training and what it reached on `miou.n` images. */
const runSchema = closedObject({
  ...runShape,
  /** Mean over the classes of intersection over union. */
  miou: withinInterval(closedObject({ value: percent, interval, n: count })),
  /** Share of the pixels that are right. */
  pixelAccuracy: measured,
  /** Mean over the classes of the share of their pixels that is right. */
  meanAccuracy: measured,
});

/** A class of the first run: `iou` is null where neither truth nor prediction has it, `accuracy` where the truth has not. */
const classSchema = closedObject({
  name: text,
  iou: percent.nullable(),
  accuracy: percent.nullable(),
  /** True pixels. */
  pixels: z.int().nonnegative(),
});

const colourSchema = closedObject({
  name: text,
  colour: z.string().regex(/^#[0-9a-f]{6}$/, 'takes "#rrggbb", lower case'),
});

/** Label maps are painted in the classes' colours; pixels that count nowhere are transparent. */
const pictureSchema = closedObject({
  id: text,
  image: imageAddress,
  truth: mapAddress,
  predicted: mapAddress,
  width: count,
  height: count,
  /** Of this image alone; null where none of its pixels counts. */
  miou: percent.nullable(),
  pixelAccuracy: percent.nullable(),
  note: text.optional(),
});

const shape = closedObject({
  ...trainedShape,
  /** As in the registry: "mask-classification". */
  segmenter: text,
  runs: z.array(runSchema).min(1),
  /** mIoU over the runs: see `overSeeds`. */
  mean: percent,
  deviation: z.number().nonnegative().nullable(),
  /** Every class, in the order of the data set. */
  perClass: z.array(classSchema).min(1),
  /** Names of the classes without IoU: they are in no mean. */
  absent: z.array(text),
  /** The classes as the pictures show them, in the same order. */
  classes: z.array(colourSchema).min(1),
  /** Of the first run. */
  pictures: z.array(pictureSchema).default([]),
});

export type TrainedSegmenter = z.output<typeof shape>;
export type SegmentationRun = z.output<typeof runSchema>;
export type SegmentationClass = z.output<typeof classSchema>;
export type SegmentationPicture = z.output<typeof pictureSchema>;

export const segmenterSchema = checkedTraining(shape, (model, complain) => {
  const miou = model.runs.map((run) => run.miou);
  checkSeeds(model, complain);
  checkSameImages(
    miou.map(({ n }) => n),
    complain,
    "miou",
    "n",
  );
  checkSummary(
    model,
    miou.map(({ value }) => value),
    complain,
  );
  checkFirstRun(model, complain);
  checkNames(model, complain);
});

function checkFirstRun({ perClass, runs: [first] }: TrainedSegmenter, complain: Complain): void {
  const { miou, meanAccuracy, pixelAccuracy } = first!;
  const column = (name: "iou" | "accuracy") => perClass.map((entry) => entry[name]);
  checkClassMean(column("iou"), miou.value, complain, "perClass");
  checkClassMean(column("accuracy"), meanAccuracy.value, complain, "perClass");
  const right = sum(perClass.map(({ accuracy, pixels }) => (accuracy ?? 0) * pixels));
  const share = right / sum(perClass.map(({ pixels }) => pixels));
  if (!(Math.abs(share - pixelAccuracy.value) <= ROUNDING))
    complain(`the classes' pixels make ${share}, but the first run says ${pixelAccuracy.value}`, "perClass");
}

/** Classes are named alike wherever they are named. */
function checkNames({ perClass, classes, absent }: TrainedSegmenter, complain: Complain): void {
  perClass.forEach(({ name }, index) => {
    const other = classes[index]?.name;
    if (name !== other) complain(`"${name}", but there the class is "${other}"`, "classes", index);
  });
  if (classes.length > perClass.length)
    complain(`${classes.length} colours for ${perClass.length} classes`, "classes");
  const without = perClass.filter(({ iou }) => iou === null).map(({ name }) => name);
  if (without.join("\n") !== absent.join("\n"))
    complain(`[${absent.join(", ")}], but without IoU are [${without.join(", ")}]`, "absent");
}
