/** The settings of `difftap-train backbone`, and the recipe they stand for. */
import { finiteNumber, flag, option, type SettingsOf, wholeNumber } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import {
  losses,
  type PretrainingRecipe,
  parsePretrainingRecipe,
  predictions,
  timestepSampling,
} from "@difftap/pretraining";
import { collectiveKinds, type Duration, durationSchema } from "@difftap/trainer";
import { z } from "zod";
import { givenDuration, oneOf } from "./duration.js";
import { named, nameOrObject } from "./setting-values.js";

/** "200" (steps), "2 epochs", "50000 examples", or { epochs: 2 } in a file. */
const duration = () =>
  z.preprocess((value) => {
    const [, amount, unit = "steps"] =
      /^\s*([\d.]+)\s*(steps|epochs|examples)?\s*$/.exec(String(value)) ?? [];
    return amount === undefined ? value : { [unit]: Number(amount) };
  }, durationSchema);

/** Rates such as "0.999,0.9999", or a YAML list. */
const decays = () =>
  z.preprocess(
    (value) => (typeof value === "string" ? value.split(",").map(Number) : [value].flat()),
    z.array(z.number("takes rates such as 0.999 or 0.999,0.9999").min(0).lt(1)),
  );

const amount = (takes: string, about: string) => option(takes, about, finiteNumber(0).optional());

export const backboneOptions = {
  data: option(
    "<dataset>",
    "training images, such as folder:PATH or scenes:count=20000,size=32",
    z.string().min(1),
  ),
  count: option("<n>", "first so many images (default: all)", wholeNumber(1).optional()),
  architecture: option(
    "<file|json|name>",
    "a JSON file (ours or the reference's flags), the JSON itself, or the name of a published model",
    nameOrObject(),
  ),
  size: option("<pixels>", "side of the images (default: the architecture's)", wholeNumber(1).optional()),
  init: option(
    "<file>",
    "weights to begin with, or a checkpoint of a pretraining by its JSON (default: drawn by --seed)",
    z.string().min(1).optional(),
  ),
  prediction: option(
    "<name>",
    `what the network predicts: ${predictions.join(", ")}`,
    z.enum(predictions).default("epsilon"),
  ),
  loss: option(
    "<name>",
    `${losses.join(", ")}; learned sigma adds its variational term`,
    z.enum(losses).default("RESCALED_MSE"),
  ),
  minSnr: amount("<gamma>", "min-SNR weighting of the squared error, 5 in its paper"),
  timestepSampling: option(
    "<name>",
    timestepSampling.join(", "),
    z.enum(timestepSampling).default("uniform"),
  ),
  flip: option("<share>", "of the images that are mirrored", finiteNumber(0).default(0.5)),
  dropout: amount("<share>", "instead of the architecture's"),
  engine: option("<name>", "TensorFlow.js backend, or auto", z.string().default("auto")),
  recompute: flag("run blocks again for the gradient: less memory, more time"),
  optimizer: option(
    "<name|json>",
    'such as adamw or {"kind":"adamw","weightDecay":0.01}',
    nameOrObject().default({ kind: "adamw", weightDecay: 0 }),
  ),
  learningRate: option("<number>", "after warm-up", finiteNumber(0).default(1e-4)),
  schedule: option(
    "<name|json>",
    'constant, cosine, linear or {"kind":"linear","final":0.02}',
    nameOrObject().default("constant"),
  ),
  warmUp: option(
    "<duration>",
    'the learning rate rises for so long: "200" steps, "1 epochs"',
    duration().optional(),
  ),
  clipNorm: amount("<number>", "gradients are scaled down to this norm"),
  ema: option(
    "<list>",
    "rates of averages of the weights; samples and exports take the first",
    decays().default([0.9999]),
  ),
  steps: option("<n>", "steps of training", wholeNumber(1).optional()),
  epochs: amount("<n>", "passes over the images, instead of steps"),
  examples: option("<n>", "images seen, instead of steps", wholeNumber(1).optional()),
  batch: option("<n>", "images of a step, of all ranks and parts together", wholeNumber(1).default(128)),
  accumulate: option(
    "<n>",
    "parts that each rank computes a step in, one after the other",
    wholeNumber(1).default(1),
  ),
  ranks: option(
    "<auto|none|mpi>",
    "several processes; auto: under mpiexec",
    z.enum(collectiveKinds).default("auto"),
  ),
  seed: option("<n>", "of weights, order, noise, timesteps, mirroring and dropout", wholeNumber().default(0)),
  checkpointEvery: option("<duration>", 'such as "500" steps (default: an epoch)', duration().optional()),
  keepEvery: option(
    "<duration>",
    "checkpoints that stay; of the others the newest two do",
    duration().optional(),
  ),
  samplesEvery: option(
    "<duration>",
    "pictures from the same noise (default: at the end only)",
    duration().optional(),
  ),
  samples: option("<n>", "pictures of a grid; 0: none", wholeNumber().default(16)),
  sampleSteps: option("<n>", "DDIM steps of each", wholeNumber(1).default(50)),
  half: flag("export tensors of two and more dimensions as float16"),
  out: option("<folder>", "run folder; the same command again continues there", z.string().min(1)),
};

export type BackboneSettings = SettingsOf<typeof backboneOptions>;

/** @throws DifftapError CONFIG_INVALID naming the flag or field that is wrong. */
export function pretrainingRecipeOf(settings: BackboneSettings, learnSigma: boolean): PretrainingRecipe {
  const { prediction, loss, flip, learningRate, warmUp, batch, accumulate, seed } = settings;
  const recipe = {
    prediction,
    variance: learnSigma ? "LEARNED_RANGE" : "FIXED_LARGE",
    loss,
    timesteps: settings.timestepSampling,
    flip,
    optimizer: named("optimizer", settings.optimizer),
    learningRate,
    schedule: named("schedule", settings.schedule),
    ema: settings.ema.map((decay) => ({ decay, warmUp: true })),
    duration: durationOf(settings),
    batch,
    accumulate,
    seed,
    ...(warmUp && { warmUp }),
    ...(settings.clipNorm && { clipNorm: settings.clipNorm }),
    ...(settings.minSnr && { minSnr: settings.minSnr }),
  } as PretrainingRecipe;
  return parsePretrainingRecipe(recipe);
}

/** @throws DifftapError CONFIG_INVALID unless there is exactly one. */
function durationOf({ steps, epochs, examples }: BackboneSettings): Duration {
  const amounts = { steps, epochs, examples };
  const duration = givenDuration(amounts);
  if (duration !== undefined) return duration;
  throw new DifftapError("CONFIG_INVALID", "how long to train is not given", { hint: oneOf(amounts) });
}
