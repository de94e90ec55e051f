/** What the classes make of it: confusion matrix, accuracy per class, best and worst images. */
import { z } from "zod";
import { closedObject } from "./closed-object.js";
import { interval, percent, text } from "./parts.js";

/** Counts; rows are true classes, columns predicted ones. */
export const confusionSchema = closedObject({
  labels: z.array(z.string()),
  matrix: z.array(z.array(z.int().nonnegative())),
}).superRefine(({ labels, matrix }, context) => {
  const square = matrix.length === labels.length && matrix.every((row) => row.length === labels.length);
  if (square) return;
  const found = `${matrix.length} rows of ${[...new Set(matrix.map((row) => row.length))].join(", ")} columns`;
  context.addIssue({
    code: "custom",
    path: ["matrix"],
    message: `${found} for ${labels.length} labels`,
    input: matrix,
  });
});

/** Accuracy of one class, in per cent of its n images. */
export const perClassSchema = closedObject({
  label: z.string(),
  n: z.int().nonnegative(),
  correct: z.int().nonnegative(),
  top1: percent,
  interval,
});

export const imageAddress = z
  .string()
  .regex(
    /^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}$/,
    "has to be a data: address of a PNG, JPEG or WebP image in base64",
  );

/** A label map painted with a palette: only PNG keeps its colours as they are. */
export const mapAddress = z
  .string()
  .regex(
    /^data:image\/png;base64,[A-Za-z0-9+/]+={0,2}$/,
    "has to be a data: address of a PNG image in base64",
  );

/** One image with what it is, what it was taken for, and the probability given to that (0 to 1). */
export const exampleShape = {
  id: text,
  image: imageAddress,
  label: z.string(),
  predicted: z.string(),
  probability: z.number().min(0).max(1),
};
export const exampleSchema = closedObject(exampleShape);

/** `best`: right and surest of it; `worst`: wrong and surest of it. */
export const examplesSchema = closedObject({ best: z.array(exampleSchema), worst: z.array(exampleSchema) });

export type Confusion = z.output<typeof confusionSchema>;
export type PerClass = z.output<typeof perClassSchema>;
export type Example = z.output<typeof exampleSchema>;
