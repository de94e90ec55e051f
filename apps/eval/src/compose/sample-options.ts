/** What `difftap-eval sample` is told. */
import { finiteNumber, option, type SettingsOf, wholeNumber, wholeNumbers } from "@difftap/command-line";
import { z } from "zod";
import { guideOptions } from "./guide.js";
import { imageOptions } from "./images.js";
import { modelOptions } from "./model.js";

const VARIANCES = ["FIXED_SMALL", "FIXED_LARGE", "LEARNED", "LEARNED_RANGE"] as const;

export const sampleOptions = {
  ...modelOptions,
  count: option("<n>", "images to draw", wholeNumber(1).default(64)),
  steps: option(
    "<respacing>",
    "steps of the process: 250, 10,10,5 (of each section) or ddim50 (a whole stride)",
    z.coerce.string().min(1).default("ddim50"),
  ),
  sampler: option("<ddim|ddpm>", "how a step is taken", z.enum(["ddim", "ddpm"]).default("ddim")),
  eta: option(
    "<0-1>",
    "randomness of DDIM; 0 is none (default: 0)",
    finiteNumber(0).pipe(z.number().max(1, "takes a number from 0 to 1")).optional(),
  ),
  prediction: option(
    "<epsilon|x_start|v>",
    "what the network was trained to predict",
    z.enum(["epsilon", "x_start", "v"]).default("epsilon"),
  ),
  variance: option(
    "<type>",
    `of a DDPM step: ${VARIANCES.join(", ")} (default: LEARNED_RANGE, or FIXED_LARGE where none was learned)`,
    z.enum(VARIANCES).optional(),
  ),
  seed: option("<n>", "seed of the noise, and of labels that are not given", wholeNumber().default(1)),
  labels: option(
    "<list>",
    "classes to draw, such as 3 or 0-9; image i gets the one at i modulo their number (default: by chance)",
    wholeNumbers().optional(),
  ),
  ...guideOptions,
  batch: option(
    "<n>",
    "images at a time; what is finished is kept batch by batch",
    wholeNumber(1).default(32),
  ),
  workers: option(
    "<n>",
    "sessions side by side (default: what suits this machine)",
    wholeNumber(1).optional(),
  ),
  size: imageOptions.size,
  reference: option(
    "<spec>",
    "images to measure the distance to: folder:PATH, webdataset:PATH, idx:PATH or scenes:count=N",
    z.string().min(1).optional(),
  ),
  referenceCount: option("<n>", "first so many of them (default: all)", wholeNumber(1).optional()),
  distanceBlock: option(
    "<n>",
    "block whose features the distance compares (default: the middle one)",
    wholeNumber(1).optional(),
  ),
  distanceTimestep: option(
    "<t|clean>",
    "noise level of those features",
    z.union([z.literal("clean"), wholeNumber()]).default("clean"),
  ),
  distancePool: option("<cells>", "side of their pooled map", wholeNumber(1).default(1)),
  inception: option(
    "<file>",
    "compare features of this ONNX network instead: input float32 [N, 3, H, W], RGB in [0, 1]; output [N, d]",
    z.string().min(1).optional(),
  ),
  title: option("<text>", "title of the report", z.string().min(1).optional()),
  out: option("<folder>", "run folder; the same command again continues there", z.string().min(1)),
};

export type SampleSettings = SettingsOf<typeof sampleOptions>;
