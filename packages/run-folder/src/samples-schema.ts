/** Images that a model drew from noise: a grid of the first of them, and how they were drawn. */
import { z } from "zod";
import { imageAddress } from "./classes-schema.js";
import { closedObject } from "./closed-object.js";
import { count, text } from "./parts.js";

const shape = closedObject({
  /** The first `shown` images, row by row, `columns` in a row. */
  grid: imageAddress,
  shown: count,
  columns: count,
  /** Images in all, and the side of each in pixels. */
  count,
  size: count,
  sampler: z.enum(["ddpm", "ddim"]),
  /** Of DDIM, from 0 to 1; null for DDPM. */
  eta: z.number().min(0).max(1).nullable(),
  /** Which timesteps were kept, as it was asked for: "ddim50", "250", "10,15,20". */
  respacing: text,
  /** How many those are. */
  steps: count,
  /** Images times steps: how often the network was asked for one image. */
  networkEvaluations: count,
  /** Drawing them took so long, interruptions left out. */
  seconds: z.number().nonnegative(),
  /** The class asked for, image by image. */
  labels: z.array(z.int().nonnegative()).optional(),
  /** What pulled the images towards their class, and how strongly. */
  guidance: closedObject({ by: text, scale: z.number() }).optional(),
});

export const samplesSchema = shape.superRefine((samples, context) => {
  const report = (message: string, ...path: string[]) =>
    context.addIssue({ code: "custom", message, path, input: samples });
  const { shown, count: all, steps, networkEvaluations, labels, sampler, eta } = samples;
  if (shown > all) report(`${shown} of ${all} images`, "shown");
  if (networkEvaluations !== all * steps)
    report(`${networkEvaluations} for ${all} images of ${steps} steps`, "networkEvaluations");
  if (labels && labels.length !== all) report(`${labels.length} labels for ${all} images`, "labels");
  if ((eta === null) !== (sampler === "ddpm")) report(`${eta} for ${sampler}`, "eta");
});

export type Samples = z.output<typeof shape>;
