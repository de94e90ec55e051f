/** `difftap-eval head`: a trained head on any features, stored or computed from images as they pass. */
import {
  type CommandContext,
  type CommandSpec,
  option,
  type SettingsOf,
  textTable,
  wholeNumber,
} from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { selectEngine } from "@difftap/engine";
import type { Head } from "@difftap/heads";
import { confusionMatrix, perClassAccuracy, predictions, topK, wilsonInterval } from "@difftap/metrics";
import { imageSizeOf } from "@difftap/taps";
import { type Evaluation, evaluate } from "@difftap/trainer";
import { z } from "zod";
import { backboneOf, choiceOf } from "../compose/head-choice.js";
import type { HeadFeatures } from "../compose/head-features.js";
import { readImageFeatures } from "../compose/image-heads.js";
import { imageOptions, selectImages } from "../compose/images.js";
import { modelOptions } from "../compose/model.js";
import { withRuntime } from "../compose/runtime.js";
import { openSavedHead, savedDescription } from "../compose/saved-head.js";
import { sizesOfHead } from "../compose/sizes.js";
import { isStore, readStoredFeatures } from "../compose/stored-heads.js";
import { poolSize } from "../compose/values.js";

const options = {
  run: option(
    "<folder>",
    "run folder of difftap-train head, or a seed's of difftap-train finetune",
    z.string().min(1),
  ),
  test: option("<store|dataset>", "features, or images such as folder:PATH", z.string().min(1)),
  count: option("<n>", "first so many images (default: all)", wholeNumber(1).optional()),
  model: option("<name>", "which head of the run (default: the only one)", z.string().min(1).optional()),
  which: option(
    "<latest|best>",
    "weights that training ended with, or the best by its test metric",
    z.enum(["latest", "best"]).default("latest"),
  ),
  head: option("<package|path>", "where a head from outside comes from", z.string().min(1).optional()),
  engine: option("<name>", "TensorFlow.js backend, or auto", z.string().default("auto")),
  batch: option("<n>", "samples at a time", wholeNumber(1).default(128)),
  seed: option("<n>", "seed of the noise, for images", wholeNumber().default(0)),
  ...modelOptions,
  weights: option(
    "<file>",
    "checkpoint of the backbone (default: the run's own where it was fine-tuned, else the embedded one)",
    z.string().min(1).optional(),
  ),
  size: {
    ...imageOptions.size,
    about: "side that images are cropped to (default: what the head was trained on)",
  },
  pool: option(
    "<cells>",
    'side of the pooled map, for images; "map" keeps it whole (default: what the head was trained on)',
    poolSize().optional(),
  ),
};

type Settings = SettingsOf<typeof options>;

export const head: CommandSpec<typeof options> = {
  name: "head",
  about: "Measures a trained head on stored features or images",
  example: "difftap-eval head --run runs/attention --test test.zarr",
  options,
  run: async (settings, context) => {
    const engine = await selectEngine(settings.engine);
    await withTested(settings, context, async (trained, features) => {
      checkClasses(trained, features);
      const evaluation = await evaluate(trained, features.source, { ...context, batch: settings.batch });
      print({ settings, context, trained, evaluation, engine: engine.name });
    });
  },
};

type Use = (trained: Head, features: HeadFeatures) => Promise<void>;

/** Opens the head and what it is tested on, hands both to `use` and closes them, whatever happens. */
function withTested(settings: Settings, context: CommandContext, use: Use): Promise<void> {
  return isStore(settings.test) ? onStore(settings, context, use) : onImages(settings, use);
}

async function onStore(settings: Settings, context: CommandContext, use: Use): Promise<void> {
  const trained = await openSavedHead(settings);
  try {
    const names = trained.description.taps.map(({ name }) => name);
    await use(trained, await readStoredFeatures(settings.test, names, context));
  } finally {
    trained.dispose();
  }
}

/** The backbone does all that lies before the head; for heads that feed back, both passes in one graph. */
async function onImages(settings: Settings, use: Use): Promise<void> {
  return withRuntime({ ...settings, ...(await backboneOf(settings)) }, async (runtime) => {
    const saved = await savedDescription(settings);
    const { size } = sizesOfHead(saved, settings.size, runtime.architecture);
    const network = { blocks: runtime.blocks, size: imageSizeOf({ size }) };
    const trained = await openSavedHead({ ...settings, network });
    try {
      const features = await readImageFeatures({
        runtime,
        images: await selectImages(settings.test, settings.count),
        taps: { ...choiceOf(saved.taps, settings.seed), ...(settings.pool && { pool: settings.pool }) },
        size,
        augment: false,
        inputs: () => trained.inputs,
        feedback: await trained.feedback?.(),
      });
      await use(trained, features).finally(() => features.close());
    } finally {
      trained.dispose();
    }
  });
}

/** @throws DifftapError LABELS_MISMATCH for a class that the head has no logit for. */
function checkClasses({ description }: Head, { labels }: HeadFeatures): void {
  const largest = labels.reduce((most, label) => Math.max(most, label), -1);
  if (largest < description.classes) return;
  throw new DifftapError(
    "LABELS_MISMATCH",
    `the images have class ${largest}, the head knows classes 0 … ${description.classes - 1}`,
    { hint: "evaluate on the data set the head was trained for" },
  );
}

interface Outcome {
  readonly settings: Settings;
  readonly context: CommandContext;
  readonly trained: Head;
  readonly evaluation: Evaluation;
  readonly engine: string;
}

function print({ settings, context, trained, evaluation, engine }: Outcome): void {
  const { description } = trained;
  const { logits, labels } = evaluation;
  const { correct, n, accuracy } = topK(logits, labels, 1);
  const interval = wilsonInterval(correct, n).map((end) => 100 * end);
  const protocol = `${description.head} head, ${settings.which} weights of ${settings.run}, engine ${engine}`;
  const taps = description.taps.map(({ name }) => name);
  const perClass = perClassAccuracy(confusionMatrix(labels, predictions(logits), description.classes));
  if (context.json) {
    const result = {
      protocol,
      taps,
      split: settings.test,
      n,
      top1: 100 * accuracy,
      interval,
      loss: evaluation.loss,
      perClass,
    };
    context.terminal.data(`${JSON.stringify(result, null, 2)}\n`);
    return;
  }
  const ends = interval.map((end) => end.toFixed(2)).join("–");
  const rows = perClass.map((each) => [
    String(each.label),
    String(each.n),
    each.accuracy === null ? "" : (100 * each.accuracy).toFixed(1),
  ]);
  context.terminal.data(
    `${taps.join(", ")}: top-1 ${(100 * accuracy).toFixed(2)} % (95 % interval ${ends}, n = ${n})\n${protocol}, ${settings.test}\n\n${textTable(["class", "n", "top-1, %"], rows)}`,
  );
}
