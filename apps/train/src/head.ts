/** `difftap-train head`: trains heads on stored features or straight from images; continues where it was stopped. */
import { type CommandContext, type CommandSpec, describeEnvironment } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { type EngineChoice, selectEngine } from "@difftap/engine";
import { classCount } from "@difftap/eval";
import { createRunFolder } from "@difftap/run-folder";
import { trainMany } from "@difftap/trainer";
import { type FeaturePair, withFeatures } from "./features.js";
import { reportHeads } from "./head-results.js";
import { keptSize } from "./kept-size.js";
import { createMembers } from "./members.js";
import { headsOf } from "./one-head.js";
import { recipeOf } from "./recipe.js";
import { type HeadSettings, headOptions } from "./settings.js";

export const head: CommandSpec<typeof headOptions> = {
  name: "head",
  about: "Trains heads on stored features or straight from images",
  example: "difftap-train head --train train.zarr --test test.zarr --arrays t50/b09 --out runs/linear",
  presets: new URL("../presets/head/", import.meta.url),
  options: headOptions,
  run: async (settings, context) => {
    for (const one of headsOf(settings)) recipeOf(one);
    const engine = await selectEngine(settings.engine);
    context.terminal.note(`engine ${engine.name} ${engine.version} on ${engine.device}: ${engine.reason}`);
    await withFeatures(settings, context, (pair) => trainHeads(settings, context, { pair, engine }));
  },
};

async function trainHeads(
  settings: HeadSettings,
  context: CommandContext,
  { pair, engine }: { pair: FeaturePair; engine: EngineChoice },
): Promise<void> {
  const started = performance.now();
  const { train, test } = pair;
  const classes = classesOf(pair);
  const { taps, request } = train;
  const members = await createMembers(settings, {
    taps,
    classes,
    size: keptSize(request),
    network: pair.network,
  });
  try {
    await createRunFolder(settings.out, {
      config: settings,
      environment: { ...describeEnvironment({ tfjs: engine.version }), engine: engine.name },
    });
    const { models: results, checkpoint } = await trainMany({
      models: members.map(({ name, model, recipe }) => ({ name, model, recipe })),
      source: train.source,
      validation: test.source,
      recipe: recipeOf(headsOf(settings)[0]!),
      folder: settings.out,
      evaluateEvery: { epochs: settings.evaluateEvery ?? 1 },
      checkpointEvery: { epochs: settings.checkpointEvery ?? 1 },
      signal: context.signal,
      onProgress: context.onProgress,
    });
    const seconds = (performance.now() - started) / 1000;
    await reportHeads({ pair, engine, classes, members, results, checkpoint, seconds }, settings, context);
  } finally {
    for (const { model } of members) model.dispose();
  }
}

/** @throws DifftapError LABELS_MISMATCH when the test set has a class that training never sees. */
function classesOf({ train, test }: FeaturePair): number {
  const classes = classCount(train.classNames, train.labels);
  const wanted = classCount(null, test.labels);
  if (wanted <= classes) return classes;
  throw new DifftapError(
    "LABELS_MISMATCH",
    `the test set has class ${wanted - 1}, the training set has classes 0 … ${classes - 1}`,
    { hint: "take both from the same data set", details: { train: classes, test: wanted } },
  );
}
