/** `difftap-train head`: trains a head on stored features by the paper's protocol; continues where it was stopped. */
import {
  type CommandSpec,
  describeEnvironment,
  finiteNumber,
  option,
  type SettingsOf,
  wholeNumber,
  words,
} from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { selectEngine } from "@difftap/engine";
import { createHead, heads } from "@difftap/heads";
import { createRunFolder } from "@difftap/run-folder";
import { type Recipe, train } from "@difftap/trainer";
import { z } from "zod";
import { reportHead } from "./head-results.js";
import { readStores } from "./stored-features.js";

const options = {
  train: option("<store>", "store of training features", z.string().min(1)),
  test: option("<store>", "store of test features", z.string().min(1)),
  arrays: option("<list>", "arrays the head reads, such as t50/b09 (default: all)", words().optional()),
  head: option(
    "<name>",
    `which head: ${heads.map(({ name }) => name).join(", ")}`,
    z.string().default("linear"),
  ),
  spec: option(
    "<json>",
    "the head's own settings as JSON",
    z.union([z.string(), z.record(z.string(), z.unknown())]).default("{}"),
  ),
  engine: option("<name>", "TensorFlow.js backend, or auto", z.string().default("auto")),
  epochs: option("<n>", "passes over the training images", finiteNumber(0).default(28)),
  learningRate: option("<number>", "at the start", finiteNumber(0).default(0.01)),
  decayEvery: option(
    "<epochs>",
    "the learning rate falls to a tenth after every so many",
    finiteNumber(0).default(7),
  ),
  momentum: option("<number>", "of SGD", finiteNumber(0).default(0)),
  weightDecay: option("<number>", "of SGD", finiteNumber(0).default(0)),
  batch: option("<n>", "samples per step", wholeNumber(1).default(128)),
  seed: option("<n>", "of initial weights and order", wholeNumber().default(0)),
  out: option("<folder>", "run folder; the same command again continues there", z.string().min(1)),
};

export type HeadSettings = SettingsOf<typeof options>;

export const head: CommandSpec<typeof options> = {
  name: "head",
  about: "Trains a head on stored features",
  example: "difftap-train head --train train.zarr --test test.zarr --arrays t50/b09 --out runs/linear",
  presets: new URL("../presets/", import.meta.url),
  options,
  run: async (settings, context) => {
    const started = performance.now();
    const engine = await selectEngine(settings.engine);
    context.terminal.note(`engine ${engine.name} ${engine.version} on ${engine.device}: ${engine.reason}`);
    const features = await readStores(settings, context.signal);
    await createRunFolder(settings.out, {
      config: settings,
      environment: { ...describeEnvironment({ tfjs: engine.version }), engine: engine.name },
    });
    const { taps, classes, train: source, test } = features;
    const model = createHead({
      head: settings.head,
      spec: specOf(settings.spec),
      taps,
      classes,
      seed: settings.seed,
    });
    const result = await train({
      model,
      source,
      validation: test,
      recipe: recipeOf(settings),
      folder: settings.out,
      signal: context.signal,
      onProgress: context.onProgress,
    });
    const seconds = (performance.now() - started) / 1000;
    await reportHead({ settings, context, features, result, engine: engine.name, seconds });
    model.dispose();
  },
};

function recipeOf({
  momentum,
  weightDecay,
  learningRate,
  decayEvery,
  epochs,
  batch,
  seed,
}: HeadSettings): Recipe {
  return {
    optimizer: { kind: "sgd", momentum, weightDecay },
    learningRate,
    schedule: decayEvery === 0 ? { kind: "constant" } : { kind: "step", every: decayEvery, factor: 0.1 },
    duration: { epochs },
    batch,
    seed,
  };
}

function specOf(given: HeadSettings["spec"]): unknown {
  if (typeof given !== "string") return given;
  try {
    return JSON.parse(given);
  } catch (cause) {
    throw new DifftapError("CONFIG_INVALID", `--spec is not JSON: ${given}`, {
      hint: `write it like '{"pool":2}'`,
      cause,
    });
  }
}
