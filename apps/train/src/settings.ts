/** The settings of `difftap-train head`. */
import {
  flag,
  option,
  positiveNumbers,
  type SettingsOf,
  wholeNumber,
  wholeNumbers,
  words,
} from "@difftap/command-line";
import { imageOptions, modelOptions, sizesOption, tapOptions } from "@difftap/eval";
import { heads } from "@difftap/heads";
import { z } from "zod";
import { headList } from "./head-list.js";
import { nameOrObject, optionalAmount } from "./setting-values.js";

const optional = (takes: string, about: string) => option(takes, about, optionalAmount());

export const headOptions = {
  train: option(
    "<store|dataset>",
    "training features: a store, or images such as folder:PATH",
    z.string().min(1),
  ),
  test: option("<store|dataset>", "test features or images", z.string().min(1)),
  arrays: option(
    "<list>",
    "arrays of a store that the head reads, such as t50/b09 (default: all; --blocks and --timesteps are for images)",
    words().optional(),
  ),
  each: option(
    "<array|all>",
    'one head for each array ("array") or one for all of them together',
    z.enum(["array", "all"]).default("all"),
  ),
  head: option(
    "<name|package|path>",
    `which head: ${heads.map(({ name }) => name).join(", ")}, or one from outside`,
    z.string().min(1).default("linear"),
  ),
  spec: option("<json>", "the head's own settings", nameOrObject().default("{}")),
  heads: option(
    "<json>",
    "several heads in one pass: a list of { head, spec, arrays, title } and what else is their own in how they learn",
    headList().optional(),
  ),
  engine: option("<name>", "TensorFlow.js backend, or auto", z.string().default("auto")),
  optimizer: option(
    "<name|json>",
    'such as adamw or {"kind":"sgd","momentum":0.9}',
    nameOrObject().default("sgd"),
  ),
  learningRate: option(
    "<list>",
    "at the start; several train one head each, in one pass",
    positiveNumbers().default([0.01]),
  ),
  schedule: option(
    "<name|json>",
    'of the learning rate: constant, cosine, or {"kind":"step","every":{"epochs":7},"factor":0.1}',
    nameOrObject().default("constant"),
  ),
  epochs: optional("<n>", "passes over the training set (default: 28)"),
  steps: option("<n>", "steps, instead of epochs", wholeNumber(1).optional()),
  examples: option("<n>", "training samples seen, instead of epochs", wholeNumber(1).optional()),
  warmUp: optional("<epochs>", "the learning rate rises linearly for so long"),
  clipNorm: optional("<number>", "gradients are scaled down to this norm"),
  labelSmoothing: optional("<share>", "of the target that is spread over all classes"),
  mixup: optional("<alpha>", "mixes pairs of samples, share drawn from Beta(alpha, alpha)"),
  ema: optional("<decay>", "evaluates and keeps an exponential moving average of the weights"),
  patience: option("<n>", "stops after so many evaluations without a better one", wholeNumber(1).optional()),
  evaluateEvery: optional("<epochs>", "how often the test set is measured on the way (default: 1)"),
  checkpointEvery: optional("<epochs>", "how often a checkpoint is written (default: 1)"),
  batch: option("<n>", "samples per step", wholeNumber(1).default(128)),
  seeds: option(
    "<list>",
    "of initial weights; several train one head each, in one pass",
    wholeNumbers().default([0]),
  ),
  order: option(
    "<n>",
    "seed of the order of samples, of mixup and of augmentation",
    wholeNumber().default(0),
  ),
  ...modelOptions,
  ...imageOptions,
  sizes: sizesOption,
  blocks: tapOptions.blocks,
  timesteps: tapOptions.timesteps,
  pool: tapOptions.pool,
  trainCount: option("<n>", "first so many training images (default: all)", wholeNumber(1).optional()),
  testCount: option("<n>", "first so many test images (default: all)", wholeNumber(1).optional()),
  keepFeatures: flag(
    "compute the features of images once and keep them in memory: no crops or mirrorings, the same noise in each epoch",
  ),
  images: option(
    "<dataset>",
    "test images behind a store, such as folder:PATH: the report shows where the head looks",
    z.string().min(1).optional(),
  ),
  title: option("<text>", "title of the report", z.string().min(1).optional()),
  out: option("<folder>", "run folder; the same command again continues there", z.string().min(1)),
};

export type HeadSettings = SettingsOf<typeof headOptions>;
