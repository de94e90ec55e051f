/** The settings that detection and segmentation share. */
import {
  finiteNumber,
  option,
  positiveNumbers,
  type SettingsOf,
  wholeNumber,
  wholeNumbers,
} from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { imageSides, modelOptions, tapOptions } from "@difftap/eval";
import type { Recipe } from "@difftap/trainer";
import { z } from "zod";
import { finetuneOptions } from "../finetune-settings.js";
import { type Learning, recipeOf } from "../recipe.js";
import { nameOrObject, optionalAmount } from "../setting-values.js";
import { headOptions } from "../settings.js";

/** What stands before an adapter. `random` and `pixels` are what the others have to be better than. */
const backboneKinds = ["frozen", "feedback", "tuned", "random", "pixels"] as const;

const { schedule, steps, examples, warmUp, clipNorm, ema, engine, evaluateEvery, checkpointEvery } =
  headOptions;
const { trainedBlocks, backboneRate, layerDecay, dropout, recompute, seeds, testSeed } = finetuneOptions;

/** "0.5,2": the least and the greatest. */
const range = () =>
  z.preprocess(
    (value) => (typeof value === "string" ? value.split(",").map(Number) : value),
    z.tuple([z.number().positive(), z.number().positive()]),
  );

export const denseOptions = {
  trainCount: option("<n>", "first so many training images (default: all)", wholeNumber(1).optional()),
  testCount: option("<n>", "first so many test images (default: all)", wholeNumber(1).optional()),
  ...modelOptions,
  backbone: option(
    "<kind>",
    "frozen; feedback (DifFeed: the taps are read in pass 2); tuned (trained along); or, to compare with, random (weights as before training) and pixels (the image in patches, no network)",
    z.enum(backboneKinds).default("frozen"),
  ),
  blocks: option(
    "<list>",
    "blocks to read, such as 8,10,12: several sizes of maps make a pyramid",
    wholeNumbers(),
  ),
  timesteps: tapOptions.timesteps,
  tapScales: option(
    "<list>",
    "sizes of the canvas that the blocks are read at, such as 1,0.5: maps of a frozen backbone go into one pyramid",
    tapScales().default([1]),
  ),
  feedbackBlocks: option(
    "<list>",
    "output blocks that are fed back (default: those of --blocks that are output blocks)",
    wholeNumbers().optional(),
  ),
  feedbackModule: option("<letters>", "of a feedback module", z.string().min(1).default("C_B_R")),
  trainedBlocks,
  backboneRate,
  layerDecay,
  dropout,
  recompute,
  canvas: option("<HxW>", "rows and columns that images are resized to, such as 240x320", imageSides()),
  fit: option(
    "<letterbox|stretch>",
    "keep the image's shape and leave the rest empty, or fill the canvas",
    z.enum(["letterbox", "stretch"]).default("letterbox"),
  ),
  scale: option(
    "<least,greatest>",
    "images are drawn larger or smaller by such a factor",
    range().default([1, 1]),
  ),
  flip: option("<share>", "of the images that are mirrored", finiteNumber(0).default(0.5)),
  colours: option(
    "<share>",
    "brightness, contrast and saturation change by up to so much (default: 0)",
    finiteNumber(0).default(0),
  ),
  keepMaps: option(
    "[place]",
    "compute the maps of a frozen backbone once, of --kept-views views of each image, and keep them: in memory (the flag alone); on disk in half the bytes, in the run folder (disk) or in a folder that runs share (such as ./maps)",
    keepingPlace(),
  ),
  keptViews: option(
    "<n>",
    "views of each image whose maps are kept; the epochs take them in turn",
    wholeNumber(1).default(1),
  ),
  engine,
  optimizer: option(
    "<name|json>",
    'such as adamw or {"kind":"adamw","weightDecay":0.05}',
    nameOrObject().default("adamw"),
  ),
  learningRate: option("<number>", "of the adapter", finiteNumber(0).default(1e-3)),
  schedule,
  epochs: optionalEpochs(),
  steps,
  examples,
  warmUp,
  clipNorm,
  ema,
  evaluateEvery: {
    ...evaluateEvery,
    about: "how often the test set is measured on the way, in epochs (default: at the end only)",
  },
  checkpointEvery,
  batch: option("<n>", "images per step", wholeNumber(1).default(8)),
  seeds: { ...seeds, about: "of first weights, order and views; one training after the other" },
  testSeed,
  title: option("<text>", "title of the report", z.string().min(1).optional()),
  out: option("<folder>", "run folder; the same command again continues there", z.string().min(1)),
};

export type DenseSettings = SettingsOf<typeof denseOptions>;

/** Each once. */
function tapScales() {
  return positiveNumbers().refine(
    (scales) => new Set(scales).size === scales.length,
    "a scale is there twice",
  );
}

/** A flag alone, or true in a file, means memory. */
function keepingPlace() {
  const place = z
    .string()
    .regex(/^(memory|disk)$|[/\\]/, "takes memory, disk, or a folder with a / in it, such as ./maps");
  return z.preprocess((value) => {
    if (value === true || value === "true") return "memory";
    return value === false || value === "false" ? undefined : value;
  }, place.optional());
}

/** How maps are kept, wherever they lie: trainings that differ in it learn from other numbers. */
export function mapsKept({ keepMaps }: Pick<DenseSettings, "keepMaps">): boolean | "float16" {
  return keepMaps === undefined || keepMaps === "memory" ? keepMaps !== undefined : "float16";
}

function optionalEpochs() {
  return option("<n>", "passes over the training images (default: 28)", optionalAmount());
}

/** How one seed learns. @throws DifftapError CONFIG_INVALID naming the flag or field that is wrong, or two that exclude each other. */
export function denseRecipe(settings: DenseSettings, seed: number): Recipe {
  checkKept(settings);
  checkScales(settings);
  const learning: Learning = {
    ...settings,
    learningRate: [settings.learningRate],
    order: seed,
    labelSmoothing: undefined,
    mixup: undefined,
    patience: undefined,
  };
  return recipeOf(learning);
}

/** Through a network that is trained or fed back into, gradients would flow at every scale; pixels have all strides at one. */
function checkScales({ tapScales: scales, backbone }: DenseSettings): void {
  if (backbone === "frozen" || backbone === "random" || scales.every((scale) => scale === 1)) return;
  throw new DifftapError(
    "CONFIG_INVALID",
    `--tap-scales ${scales.join(",")}: backbone ${backbone} reads the canvas as it is`,
    {
      hint: "leave --tap-scales out, or take --backbone frozen",
      details: { scales, backbone },
    },
  );
}

/** Whether the views of an image are drawn from more than its places on the canvas. */
export function viewsChange({ scale, flip, colours }: Pick<DenseSettings, "scale" | "flip" | "colours">) {
  return scale[0] !== 1 || scale[1] !== 1 || flip > 0 || colours > 0;
}

function checkKept(settings: DenseSettings): void {
  const { keepMaps, keptViews, backbone } = settings;
  if (keepMaps === undefined) return;
  const why =
    backbone === "tuned"
      ? "a backbone that is trained has other maps in every step"
      : viewsChange(settings) && keptViews === 1
        ? "--scale, --flip and --colours make other views in every epoch"
        : undefined;
  if (why === undefined) return;
  throw new DifftapError("CONFIG_INVALID", `--keep-maps: ${why}`, {
    hint: "leave --keep-maps out, keep several views of each image (--kept-views 4), or give --flip 0 --colours 0 and no --scale",
  });
}
