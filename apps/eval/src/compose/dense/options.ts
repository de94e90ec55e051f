/** The settings that the evaluations of detectors and segmenters share. */
import { option, wholeNumber } from "@difftap/command-line";
import { z } from "zod";
import { modelOptions } from "../model.js";

export const denseEvalOptions = {
  run: option("<folder>", "a seed's folder of the training, such as runs/cells/seed-0", z.string().min(1)),
  test: option("<dataset>", "images with what there is to find", z.string().min(1)),
  count: option("<n>", "first so many images (default: all)", wholeNumber(1).optional()),
  ...modelOptions,
  weights: option(
    "<file>",
    "checkpoint of the backbone (default: the run's own where it was trained along, else the embedded one)",
    z.string().min(1).optional(),
  ),
  engine: option("<name>", "TensorFlow.js backend, or auto", z.string().default("auto")),
  batch: option("<n>", "images at a time", wholeNumber(1).default(8)),
  seed: option("<n>", "seed of the noise and of the resampled images", wholeNumber().default(0)),
};
