/** What `difftap-eval analyze` is told. */
import {
  finiteNumber,
  flag,
  option,
  type SettingsOf,
  wholeNumber,
  wholeNumbers,
  words,
} from "@difftap/command-line";
import { z } from "zod";
import { runtimeOptions, tapOptions } from "../features.js";
import { imageOptions } from "../images.js";
import { modelOptions } from "../model.js";
import { blockList, timestepList } from "../values.js";

export const PARTS = [
  "cka",
  "components",
  "neighbours",
  "correspondence",
  "sphere",
  "draws",
  "choice",
  "fusion",
] as const;
export type Part = (typeof PARTS)[number];

export const CHANGES = ["identity", "flip", "crop", "rotate", "warp"] as const;
export type ChangeName = (typeof CHANGES)[number];

const path = () => z.string().min(1);
const some = <const T extends readonly [string, ...string[]]>(names: T) =>
  words().pipe(z.array(z.enum(names)).min(1));

const sourceOptions = {
  ...modelOptions,
  test: option("<store|dataset>", "what is analysed: stored features, or images such as folder:PATH", path()),
  train: option(
    "<store|dataset>",
    "what probes are solved on and cells are chosen with; draws, choice and fusion need it",
    path().optional(),
  ),
  testCount: option("<n>", "first so many test images (default: all)", wholeNumber(1).optional()),
  trainCount: option("<n>", "first so many training images (default: all)", wholeNumber(1).optional()),
  ...imageOptions,
  blocks: tapOptions.blocks,
  timesteps: option(
    "<list>",
    'noise levels by index, "clean" for none (default: 50; of stores all that are there)',
    timestepList().optional(),
  ),
  pool: tapOptions.pool,
  seed: option("<n>", "seed of the noise, of views, changes and resampling", wholeNumber().default(1)),
  ...runtimeOptions,
};

const shownOptions = {
  parts: option(
    "<list>",
    `which of ${PARTS.join(", ")} (default: all that what is given allows)`,
    some(PARTS).optional(),
  ),
  show: option(
    "<list>",
    "places of the test images that are shown, from 0",
    wholeNumbers().default([0, 1, 2, 3]),
  ),
  shownBlocks: option(
    "<list>",
    "blocks that are shown (default: four, spread evenly)",
    blockList().optional(),
  ),
  shownTimesteps: option(
    "<list>",
    "noise levels that are shown (default: the middle one)",
    timestepList().optional(),
  ),
};

const similarityOptions = {
  estimator: option(
    "<linear|unbiased|minibatch>",
    "of CKA (default: unbiased up to 512 images, minibatch above)",
    z.enum(["linear", "unbiased", "minibatch"]).optional(),
  ),
  minibatch: option("<n>", "images in a batch of the minibatch estimator", wholeNumber(4).default(128)),
  otherWeights: option("<file>", "a second model that is compared with the first", path().optional()),
  otherArchitecture: option("<file>", "its architecture, as --architecture", path().optional()),
  k: option("<n>", "neighbours that purity counts", wholeNumber(1).default(10)),
};

const headOptions = {
  heads: option("<list>", "run folders of trained heads", words().optional()),
  models: option("<list>", "which heads of these runs (default: all)", words().optional()),
  layer: option(
    "<penultimate|logits>",
    "what of a head is compared: what its last linear layer reads, or gives",
    z.enum(["penultimate", "logits"]).default("penultimate"),
  ),
  which: option(
    "<latest|best>",
    "weights that training ended with, or the best by its test metric",
    z.enum(["latest", "best"]).default("latest"),
  ),
  head: option("<package|path>", "where a head from outside comes from", path().optional()),
  engine: option("<name>", "TensorFlow.js backend for heads, or auto", z.string().default("auto")),
};

const correspondenceOptions = {
  changes: option(
    "<list>",
    `how images are changed, the truth being known: ${CHANGES.join(", ")}`,
    some(CHANGES).default(["flip", "crop", "warp"]),
  ),
  changed: option("<n>", "test images that are changed", wholeNumber(1).default(12)),
  points: option("<n>", "points looked for in each: n rows of n", wholeNumber(1).default(4)),
  alpha: option("<share>", "found means within this share of the image's side", finiteNumber(0).default(0.1)),
  pair: option(
    "<a,b>",
    "places of two test images: points of a are looked for in b",
    wholeNumbers()
      .pipe(z.tuple([z.int(), z.int()], "takes two places, such as 3,7"))
      .optional(),
  ),
  keypoints: option(
    "<file>",
    'JSON: [{"from": place, "to": place, "points": [[x, y], …], "truth": [[x, y], …]}, …], truth where it is known',
    path().optional(),
  ),
};

const choiceOptions = {
  drawCounts: option("<list>", "draws of noise that are averaged", wholeNumbers().default([1, 2, 4])),
  score: option(
    "<probe|knn>",
    "what a cell is worth: a solved linear probe, or 20 neighbours' vote",
    z.enum(["probe", "knn"]).default("probe"),
  ),
  l2: option("<number>", "strength of the probe's L2 term", finiteNumber(0).default(0.003)),
  rungs: option(
    "<list>",
    "images of each rung of the choice (default: a sixteenth, an eighth and a quarter of the training images)",
    wholeNumbers().optional(),
  ),
  keep: option(
    "<share>",
    "of the cells that go on from a rung",
    finiteNumber(0).pipe(z.number().max(1)).default(0.5),
  ),
  holdOut: option(
    "<share>",
    "of a rung's images that judge",
    finiteNumber(0.01).pipe(z.number().max(0.9)).default(0.3),
  ),
  fullGrid: flag("measure every cell as well, and say what the choice lost"),
  gridRun: option("<folder>", "a finished run of difftap-eval grid to say it by", path().optional()),
};

export const analyzeOptions = {
  ...sourceOptions,
  ...shownOptions,
  ...similarityOptions,
  ...headOptions,
  ...correspondenceOptions,
  ...choiceOptions,
  title: option("<text>", "title of the report", z.string().min(1).optional()),
  out: option("<folder>", "run folder; the same command again continues there", path()),
};

export type AnalyzeSettings = SettingsOf<typeof analyzeOptions>;
