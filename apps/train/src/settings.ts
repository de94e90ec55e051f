/** The settings of `difftap-train head`, and the recipe they stand for. */
import {
  finiteNumber,
  option,
  type SettingsOf,
  wholeNumber,
  wholeNumbers,
  words,
} from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { imageOptions, modelOptions, tapOptions } from "@difftap/eval";
import { heads } from "@difftap/heads";
import { type Duration, parseRecipe, type Recipe } from "@difftap/trainer";
import { z } from "zod";

/** A name, or an object: JSON in a flag, plain YAML in a file. */
const nameOrObject = () => z.union([z.string().min(1), z.record(z.string(), z.unknown())]);

/** "0.1,0.01" or a YAML list of numbers above 0. */
const rates = () =>
  z
    .preprocess(
      (value) => (typeof value === "string" ? value.split(",").map(Number) : [value].flat()),
      z.array(z.number("takes numbers such as 0.1 or 0.1,0.01").positive()).min(1),
    )
    .default([0.01]);

const optional = (takes: string, about: string) => option(takes, about, finiteNumber(0).optional());

export const headOptions = {
  train: option(
    "<store|dataset>",
    "training features: a store, or images such as folder:PATH",
    z.string().min(1),
  ),
  test: option("<store|dataset>", "test features or images", z.string().min(1)),
  arrays: option(
    "<list>",
    "arrays of a store that the head reads, such as t50/b09 (default: all)",
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
  engine: option("<name>", "TensorFlow.js backend, or auto", z.string().default("auto")),
  optimizer: option(
    "<name|json>",
    'such as adamw or {"kind":"sgd","momentum":0.9}',
    nameOrObject().default("sgd"),
  ),
  learningRate: option("<list>", "at the start; several train one head each, in one pass", rates()),
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
  blocks: tapOptions.blocks,
  timesteps: tapOptions.timesteps,
  pool: tapOptions.pool,
  trainCount: option("<n>", "first so many training images (default: all)", wholeNumber(1).optional()),
  testCount: option("<n>", "first so many test images (default: all)", wholeNumber(1).optional()),
  images: option(
    "<dataset>",
    "test images behind a store, such as folder:PATH: the report shows where the head looks",
    z.string().min(1).optional(),
  ),
  out: option("<folder>", "run folder; the same command again continues there", z.string().min(1)),
};

export type HeadSettings = SettingsOf<typeof headOptions>;

/**
 * The recipe that all heads of a run share; each has its own learning rate.
 * @throws DifftapError CONFIG_INVALID naming the flag or field that is wrong.
 */
export function recipeOf(settings: HeadSettings): Recipe {
  const { warmUp, ema, batch, order, learningRate } = settings;
  const { clipNorm, labelSmoothing, mixup, patience } = settings;
  const recipe = {
    optimizer: named("optimizer", settings.optimizer),
    learningRate: learningRate[0]!,
    schedule: named("schedule", settings.schedule),
    duration: durationOf(settings),
    batch,
    seed: order,
    ...given({ clipNorm, labelSmoothing, mixup, patience }),
    ...(warmUp && { warmUp: { epochs: warmUp } }),
    ...(ema && { ema: { decay: ema, warmUp: true } }),
  } as Recipe;
  parseRecipe(recipe);
  return recipe;
}

/** What was given and is not 0, which means "without". */
function given(values: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number] => Boolean(entry[1])),
  );
}

function durationOf({ epochs, steps, examples }: HeadSettings): Duration {
  const durations = Object.entries({ epochs, steps, examples }).filter(([, amount]) => amount !== undefined);
  if (durations.length === 0) return { epochs: 28 };
  if (durations.length === 1) return Object.fromEntries(durations) as unknown as Duration;
  throw new DifftapError(
    "CONFIG_INVALID",
    `the duration is given as ${durations.map(([name]) => name).join(" and ")}`,
    {
      hint: "one of --epochs, --steps, --examples",
    },
  );
}

/** "adamw" stands for { kind: "adamw" }. */
function named(flag: string, value: string | Record<string, unknown>): Record<string, unknown> {
  if (typeof value !== "string") return value;
  return value.startsWith("{") ? jsonObject(flag, value) : { kind: value };
}

/** @throws DifftapError CONFIG_INVALID for text that is no JSON object. */
export function jsonObject(flag: string, value: string | Record<string, unknown>): Record<string, unknown> {
  if (typeof value !== "string") return value;
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(value));
  } catch (cause) {
    throw new DifftapError("CONFIG_INVALID", `--${flag} is no JSON object: ${value}`, {
      hint: `write it like '{"pool":2}'`,
      cause,
    });
  }
}
