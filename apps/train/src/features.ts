/** The training and test features of a run: from stores, or from images through a backbone that is open as long as it is needed. */
import { DifftapError, type LongWork } from "@difftap/core";
import {
  type HeadFeatures,
  isStore,
  readImageFeatures,
  readStoredFeatures,
  type Selection,
  selectImages,
  servingInputs,
  sizesOf,
  withRuntime,
} from "@difftap/eval";
import type { HeadTap } from "@difftap/heads";
import { imageSizeOf } from "@difftap/taps";
import { type OpenNetwork, openNetwork, openNetworkOf } from "./head-network.js";
import { keptFeatures } from "./kept-features.js";
import { feedsBack, memberInputs } from "./member-inputs.js";
import type { HeadSettings } from "./settings.js";

export interface FeaturePair {
  readonly train: HeadFeatures;
  readonly test: HeadFeatures;
  /** Name of the backbone, for people. */
  readonly model: string;
  /** Where a head feeds back into it. */
  readonly network?: OpenNetwork | undefined;
}

/** Opens both sides, hands them to `use` and closes them, whatever happens. */
export async function withFeatures<T>(
  settings: HeadSettings,
  work: LongWork,
  use: (pair: FeaturePair) => Promise<T>,
): Promise<T> {
  const stored = [settings.train, settings.test].map(isStore);
  if (stored[0] !== stored[1]) throw mixed(settings);
  return stored[0] ? fromStores(settings, work, use) : fromImages(settings, work, use);
}

async function fromStores<T>(
  settings: HeadSettings,
  work: LongWork,
  use: (pair: FeaturePair) => Promise<T>,
): Promise<T> {
  const { train, test, arrays, images } = settings;
  const first = await readStoredFeatures(train, arrays, work);
  const names = first.taps.map(({ name }) => name);
  const second = await readStoredFeatures(test, names, work);
  const shown = images === undefined ? undefined : await imagesBehind(second, images);
  const pair = { train: first, test: { ...second, images: shown }, model: "frozen backbone" };
  if (!(await feedsBack(settings))) return use(pair);
  const { weights } = first.request;
  const size = imageSizeOf(first.request);
  const network = await openNetworkOf({ path: train, weights, size }, settings);
  try {
    const inputs = await memberInputs(settings, { taps: first.taps, network });
    return await use({
      ...pair,
      network,
      train: servingInputs(pair.train, inputs, train),
      test: servingInputs(pair.test, inputs, test),
    });
  } finally {
    network.dispose();
  }
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

function fromImages<T>(
  settings: HeadSettings,
  work: LongWork,
  use: (pair: FeaturePair) => Promise<T>,
): Promise<T> {
  const { blocks, timesteps, pool, order, keepFeatures } = settings;
  return withRuntime(settings, async (runtime, model) => {
    const { size, otherSizes } = sizesOf(settings, runtime.architecture);
    const taps = { blocks, timesteps, pool, draws: 1, seed: order, otherSizes };
    const network = (await feedsBack(settings)) ? await openNetwork(model, imageSizeOf({ size })) : undefined;
    const inputs = (all: readonly HeadTap[]) => memberInputs(settings, { taps: all, network });
    const opened: HeadFeatures[] = [];
    const side = async (spec: string, count: number | undefined, augment: boolean) => {
      const images = await selectImages(spec, count);
      const features = await readImageFeatures({ runtime, images, taps, size, augment, inputs });
      opened.push(features);
      return keepFeatures ? keptFeatures(features, settings.batch, work) : features;
    };
    try {
      const train = await side(settings.train, settings.trainCount, !keepFeatures);
      const test = await side(settings.test, settings.testCount, false);
      return await use({ train, test, model: model.name, network });
    } finally {
      await Promise.all(opened.map((features) => features.close()));
      network?.dispose();
    }
  });
}

function mixed({ train, test }: HeadSettings): DifftapError {
  return new DifftapError("USAGE_INVALID", `one of ${train} and ${test} is a store, the other is not`, {
    hint: "name two stores, or two data sets such as folder:PATH",
  });
}
