/** The training and test features of a run: from stores, or from images through a backbone that is open as long as it is needed. */
import { DifftapError, type LongWork } from "@difftap/core";
import {
  type HeadFeatures,
  isStore,
  readImageFeatures,
  readStoredFeatures,
  type Selection,
  selectImages,
  withRuntime,
} from "@difftap/eval";
import type { HeadSettings } from "./settings.js";

export interface FeaturePair {
  readonly train: HeadFeatures;
  readonly test: HeadFeatures;
  /** Name of the backbone, for people. */
  readonly model: string;
}

/** Opens both sides, hands them to `use` and closes them, whatever happens. */
export async function withFeatures<T>(
  settings: HeadSettings,
  work: LongWork,
  use: (pair: FeaturePair) => Promise<T>,
): Promise<T> {
  const stored = [settings.train, settings.test].map(isStore);
  if (stored[0] !== stored[1]) throw mixed(settings);
  return stored[0] ? fromStores(settings, work, use) : fromImages(settings, use);
}

async function fromStores<T>(
  { train, test, arrays, images }: HeadSettings,
  work: LongWork,
  use: (pair: FeaturePair) => Promise<T>,
): Promise<T> {
  const first = await readStoredFeatures(train, arrays, work);
  const names = first.taps.map(({ name }) => name);
  const second = await readStoredFeatures(test, names, work);
  const shown = images === undefined ? undefined : await imagesBehind(second, images);
  return use({ train: first, test: { ...second, images: shown }, model: "frozen backbone" });
}

/** @throws DifftapError STORE_MISMATCH when the store was not made from these images. */
async function imagesBehind({ request }: HeadFeatures, spec: string): Promise<Selection> {
  const { digest, count, name } = request.dataset;
  const selection = await selectImages(spec, count);
  if (digest === undefined || digest === selection.dataset.digest) return selection;
  throw new DifftapError("STORE_MISMATCH", `the test store was made from ${name}, not from ${spec}`, {
    hint: "name the data set that the store was extracted from, or leave --images out",
    details: { store: digest, images: selection.dataset.digest },
  });
}

function fromImages<T>(settings: HeadSettings, use: (pair: FeaturePair) => Promise<T>): Promise<T> {
  const { blocks, timesteps, pool, order } = settings;
  const taps = { blocks, timesteps, pool, draws: 1, seed: order };
  return withRuntime(settings, async (runtime, model) => {
    const size = settings.size ?? runtime.architecture.imageSize;
    const side = async (spec: string, count: number | undefined, augment: boolean) =>
      readImageFeatures({ runtime, images: await selectImages(spec, count), taps, size, augment });
    const train = await side(settings.train, settings.trainCount, true);
    const test = await side(settings.test, settings.testCount, false);
    try {
      return await use({ train, test, model: model.name });
    } finally {
      await Promise.all([train.close(), test.close()]);
    }
  });
}

function mixed({ train, test }: HeadSettings): DifftapError {
  return new DifftapError("USAGE_INVALID", `one of ${train} and ${test} is a store, the other is not`, {
    hint: "name two stores, or two data sets such as folder:PATH",
  });
}
