/** `difftap-train finetune`: trains a head together with the backbone before it; continues where it was stopped. */
import { checkImageSize } from "@difftap/backbone";
import { weightsDigest } from "@difftap/checkpoint";
import { type CommandContext, type CommandSpec, describeEnvironment } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { selectEngine } from "@difftap/engine";
import { classCount, openModel, type Selection, selectImages } from "@difftap/eval";
import { createRunFolder } from "@difftap/run-folder";
import { eachSeed } from "./each-seed.js";
import { labelsOf, selectShare } from "./finetune-images.js";
import { reportTuning } from "./finetune-results.js";
import { type FinetuneJob, finetuneSeed } from "./finetune-run.js";
import { type FinetuneSettings, finetuneOptions, finetuneRecipe } from "./finetune-settings.js";

export const finetune: CommandSpec<typeof finetuneOptions> = {
  name: "finetune",
  about: "Trains a head together with the backbone before it",
  example:
    "difftap-train finetune --preset cifar10 --train TRAIN --test TEST --weights adm-cifar10.pt --out runs/finetune",
  presets: new URL("../presets/finetune/", import.meta.url),
  options: finetuneOptions,
  run: async (settings, context) => {
    finetuneRecipe(settings, 0);
    const {
      name: engine,
      version,
      device,
      reason,
    } = await selectEngine(settings.engine, { arena: !settings.recompute });
    context.terminal.note(`engine ${engine} ${version} on ${device}: ${reason}`);
    await withJob(settings, context, async (job) => {
      const environment = { ...describeEnvironment({ tfjs: version }), engine };
      await createRunFolder(settings.out, { config: settings, environment });
      // One after the other: a backbone that is trained cannot be shared.
      const trained = await eachSeed(settings.seeds, (seed) => finetuneSeed(job, seed));
      await reportTuning({ job, engine, ...trained });
    });
  },
};

/** Opens model and images, hands them to `use` and closes them, whatever happens. */
async function withJob(
  settings: FinetuneSettings,
  context: CommandContext,
  use: (job: FinetuneJob) => Promise<void>,
): Promise<void> {
  const model = await openModel(settings);
  const opened: Selection[] = [];
  try {
    const { trainCount: count, labelShare: share, splitSeed: seed } = settings;
    const train = await selectShare(settings.train, { count, share, seed });
    opened.push(train);
    const test = await selectImages(settings.test, settings.testCount);
    opened.push(test);
    const size = settings.size ?? model.architecture.imageSize;
    checkImageSize(model.architecture, { height: size, width: size });
    const classes = classesOf(train, test);
    const digest = await weightsDigest(model.source.path);
    await use({ settings, context, model, train, test, size, classes, weightsDigest: digest });
  } finally {
    for (const { dataset } of opened) await dataset.close?.();
    await model.source.close();
  }
}

/** @throws DifftapError LABELS_MISMATCH when the test set has a class that training never sees. */
function classesOf(train: Selection, test: Selection): number {
  const classes = classCount(train.dataset.classes, labelsOf(train));
  const wanted = classCount(null, labelsOf(test));
  if (wanted <= classes) return classes;
  throw new DifftapError(
    "LABELS_MISMATCH",
    `the test set has class ${wanted - 1}, the training set has classes 0 … ${classes - 1}`,
    { hint: "take both from the same data set", details: { train: classes, test: wanted } },
  );
}
