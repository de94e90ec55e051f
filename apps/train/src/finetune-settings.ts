/** The settings of `difftap-train finetune`, and the recipe they stand for. */
import { finiteNumber, flag, option, type SettingsOf, wholeNumber } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { modelOptions } from "@difftap/eval";
import { predictions } from "@difftap/pretraining";
import type { Recipe } from "@difftap/trainer";
import { z } from "zod";
import { type Learning, recipeOf } from "./recipe.js";
import { nameOrObject } from "./setting-values.js";
import { headOptions } from "./settings.js";

/** "all", or a number of blocks. */
const blockCount = () => z.union([z.literal("all"), wholeNumber(1)]);

const { schedule, epochs, steps, examples, warmUp, clipNorm, labelSmoothing, mixup, ema, patience } =
  headOptions;
const { spec, engine, seeds, blocks, timesteps, pool, size, trainCount, testCount } = headOptions;
const { evaluateEvery, checkpointEvery } = headOptions;

export const finetuneOptions = {
  train: option("<dataset>", "training images, such as folder:PATH", z.string().min(1)),
  test: option("<dataset>", "test images", z.string().min(1)),
  trainCount,
  labelShare: option(
    "<share>",
    "of the training images of each class, at least one, such as 0.1 (default: all)",
    z.preprocess((value) => Number(value), z.number().positive().max(1)).optional(),
  ),
  splitSeed: option("<n>", "seed of the choice of --label-share", wholeNumber().default(0)),
  testCount,
  ...modelOptions,
  size,
  from: option(
    "<folder>",
    "run of difftap-train head to begin with; its head and taps are taken",
    z.string().min(1).optional(),
  ),
  fromModel: option(
    "<name>",
    'which head of that run, such as "linear, seed {seed}" (default: the only one)',
    z.string().min(1).optional(),
  ),
  head: option(
    "<name|package|path>",
    "which head (default: linear, or that of --from)",
    z.string().min(1).optional(),
  ),
  spec,
  blocks,
  timesteps,
  pool,
  trainedBlocks: option(
    "<all|n>",
    "all blocks up to the deepest tap with the time embedding, or the last so many of them",
    blockCount().default("all"),
  ),
  freeze: flag("train the head only: the frozen probe to compare with"),
  learningRate: option("<number>", "of the head", finiteNumber(0).default(1e-3)),
  backboneRate: option("<number>", "of the deepest tap's block", finiteNumber(0).default(3e-4)),
  layerDecay: option(
    "<factor>",
    "of the learning rate, from each block to the next away from that one",
    finiteNumber(0).default(0.75),
  ),
  diffusionWeight: option(
    "<number>",
    "of the diffusion loss, which keeps the network drawing; blocks behind the taps are trained then too",
    finiteNumber(0).default(0),
  ),
  diffusionCount: option(
    "<n>",
    "test images that the diffusion loss is measured on before and after; 0: not measured",
    wholeNumber().default(256),
  ),
  prediction: option(
    "<name>",
    `what the network predicts: ${predictions.join(", ")}`,
    z.enum(predictions).default("epsilon"),
  ),
  dropout: option("<share>", "in the backbone (default: 0)", finiteNumber(0).default(0)),
  recompute: flag("run blocks again for the gradient: less memory, more time"),
  engine,
  optimizer: option(
    "<name|json>",
    'such as adamw or {"kind":"adamw","weightDecay":0.05}',
    nameOrObject().default("adamw"),
  ),
  schedule,
  epochs,
  steps,
  examples,
  warmUp,
  clipNorm,
  labelSmoothing,
  mixup,
  ema,
  patience,
  evaluateEvery,
  checkpointEvery,
  batch: option("<n>", "images per step", wholeNumber(1).default(64)),
  seeds: {
    ...seeds,
    about: "of the head's first weights, order, crops and noise; one training after the other",
  },
  testSeed: option("<n>", "seed of the noise of test images", wholeNumber().default(0)),
  out: option("<folder>", "run folder; the same command again continues there", z.string().min(1)),
};

export type FinetuneSettings = SettingsOf<typeof finetuneOptions>;

/** How one seed learns, as heads do. */
export function learningOf(settings: FinetuneSettings, seed: number): Learning {
  return { ...settings, learningRate: [settings.learningRate], order: seed };
}

/** @throws DifftapError CONFIG_INVALID naming the flag or field that is wrong, or two that exclude each other. */
export function finetuneRecipe(settings: FinetuneSettings, seed: number): Recipe {
  const { freeze, diffusionWeight } = settings;
  if (freeze && diffusionWeight > 0) {
    throw new DifftapError("CONFIG_INVALID", `--freeze with a diffusion loss of weight ${diffusionWeight}`, {
      hint: "a frozen backbone does not learn to draw: leave one of them out",
    });
  }
  return recipeOf(learningOf(settings, seed));
}
