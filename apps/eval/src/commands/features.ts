/** `difftap-eval features`: features of a data set into a store; shards and resumes. */
import {
  type CommandContext,
  type CommandSpec,
  option,
  type SettingsOf,
  wholeNumber,
} from "@difftap/command-line";
import { planExtraction } from "@difftap/taps";
import { z } from "zod";
import { extractToStore, requestOf, runtimeOptions, tapOptions } from "../compose/features.js";
import { imageOptions, selectImages } from "../compose/images.js";
import { modelOptions } from "../compose/model.js";
import { withRuntime } from "../compose/runtime.js";
import { sizesOf, sizesOption } from "../compose/sizes.js";
import { shardAddress, shardFromEnvironment } from "../compose/values.js";
import { arrayJob } from "../emit/array-job.js";

const options = {
  ...modelOptions,
  dataset: option("<spec>", "folder:PATH, webdataset:PATH, idx:PATH or scenes:count=N", z.string().min(1)),
  count: option("<n>", "first so many images (default: all)", wholeNumber(1).optional()),
  ...imageOptions,
  sizes: sizesOption,
  ...tapOptions,
  ...runtimeOptions,
  out: option("<folder>", "the store", z.string().min(1)),
  shard: option(
    "<i/n>",
    "compute shard i of n only (default: from JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID and SHARD_COUNT)",
    shardAddress().optional(),
  ),
  emit: option(
    "<kubernetes|slurm>",
    "print an array job of --shards instead of running",
    z.enum(["kubernetes", "slurm"]).optional(),
  ),
  shards: option("<n>", "shards of the job that --emit prints", wholeNumber(1).default(8)),
};

type Settings = SettingsOf<typeof options>;

export const features: CommandSpec<typeof options> = {
  name: "features",
  about: "Extracts features into a Zarr store; the same command again continues where it stopped",
  example: "difftap-eval features --dataset folder:photos --blocks 9 --timesteps 50 --out photos.zarr",
  options,
  run: async (settings, context) => {
    if (settings.emit !== undefined) {
      context.terminal.data(arrayJob(settings.emit, settings.shards, context.commandLine));
      return;
    }
    const images = await selectImages(settings.dataset, settings.count);
    try {
      await withRuntime(settings, async (runtime, { architecture }) => {
        const shard = settings.shard ?? shardFromEnvironment(process.env);
        const { size, otherSizes } = sizesOf(settings, architecture);
        const job = {
          ...settings,
          runtime,
          images,
          taps: { ...settings, otherSizes },
          size,
          store: settings.out,
          shard,
        };
        const plan = planExtraction(requestOf(job), undefined, settings.dtype);
        context.terminal.note(
          `${plan.images.toLocaleString("en")} images × ${plan.passesPerImage} passes of ${(plan.macsPerPass / 1e9).toFixed(2)} GMAC, ${(plan.bytes / 2 ** 20).toFixed(1)} MiB`,
        );
        report(await extractToStore(job, context), settings, context);
      });
    } finally {
      await images.dataset.close?.();
    }
  },
};

function report(
  done: Awaited<ReturnType<typeof extractToStore>>,
  settings: Settings,
  { terminal, json }: CommandContext,
): void {
  const { computed, skipped, seconds, store } = done;
  const rate = seconds > 0 ? computed / seconds : 0;
  const summary = {
    store: settings.out,
    samples: store.samples,
    computed,
    skipped,
    complete: store.complete,
    seconds,
    imagesPerSecond: rate,
  };
  if (json) {
    terminal.data(`${JSON.stringify(summary, null, 2)}\n`);
    return;
  }
  const state = store.complete ? "complete" : "other shards have still to run";
  terminal.data(
    `${settings.out}: ${computed} images computed in ${seconds.toFixed(1)} s (${rate.toFixed(0)} images/s), ${skipped} skipped, ${state}\n`,
  );
}
