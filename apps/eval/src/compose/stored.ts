/** Stores as a user names them: a folder, and which of its arrays. */

import { option } from "@difftap/command-line";
import { DifftapError, type LongWork } from "@difftap/core";
import { type FeatureStore, openFeatureStore } from "@difftap/feature-store";
import { z } from "zod";
import { classCount, type LabelledFeatures, readLabelled } from "./labelled.js";

export const storeOptions = {
  train: option("<store>", "store of training features", z.string().min(1)),
  test: option("<store>", "store of test features", z.string().min(1)),
  array: option(
    "<name>",
    "which array, such as t50/b09 (default: the only one)",
    z.string().min(1).optional(),
  ),
};

export interface StoredPair {
  readonly train: LabelledFeatures;
  readonly test: LabelledFeatures;
  /** Name of the array that was read from both. */
  readonly array: string;
  readonly classes: number;
}

interface StoreSettings {
  readonly train: string;
  readonly test: string;
  readonly array?: string | undefined;
}

interface OpenedStores {
  readonly train: FeatureStore;
  readonly test: FeatureStore;
  readonly array: string;
}

/**
 * Reads one array of a training and a test store, with labels.
 * @throws DifftapError as `openStores` and `readLabelled`
 */
export async function readPair(settings: StoreSettings, work: LongWork): Promise<StoredPair> {
  const stores = await openStores(settings);
  const train = await readLabelled(stores.train, stores.array, work);
  const test = await readLabelled(stores.test, stores.array, work);
  const classes = Math.max(classCount(null, train.labels), classCount(null, test.labels));
  return { train, test, array: stores.array, classes };
}

/**
 * Opens a pair of stores made from the same network.
 * @throws DifftapError STORE_MISMATCH when they were not; REQUEST_INVALID when several arrays are there and none was named.
 */
async function openStores(settings: StoreSettings): Promise<OpenedStores> {
  const [train, test] = await Promise.all([
    openFeatureStore(settings.train),
    openFeatureStore(settings.test),
  ]);
  const [ours, theirs] = [weightsOf(train), weightsOf(test)];
  if (ours !== theirs) {
    throw new DifftapError(
      "STORE_MISMATCH",
      `${settings.train} and ${settings.test} come from different weights`,
      {
        hint: "extract both with the same checkpoint",
        details: { train: ours, test: theirs },
      },
    );
  }
  const names = train.arrays
    .map(({ name }) => name)
    .filter((name) => test.arrays.some((other) => other.name === name));
  const array = settings.array ?? (names.length === 1 ? names[0] : undefined);
  if (array !== undefined && names.includes(array)) return { train, test, array };
  throw new DifftapError(
    "REQUEST_INVALID",
    array === undefined ? "the stores have several arrays" : `both stores would need the array ${array}`,
    {
      hint: `--array takes one of ${names.join(", ")}`,
      details: { names },
    },
  );
}

const weightsOf = ({ request }: FeatureStore) => (request as { weights?: unknown }).weights;
