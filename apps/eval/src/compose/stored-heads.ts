/** A store as heads and their trainer see it: taps with their sizes, and a source of labelled batches. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { blockTable } from "@difftap/backbone";
import { DifftapError } from "@difftap/core";
import { type FeatureStore, openFeatureStore } from "@difftap/feature-store";
import { describeTap, type HeadTap } from "@difftap/heads";
import { type FeatureRequest, imageSizeOf, parseRequest, requestedArrays } from "@difftap/taps";
import type { HeadFeatures } from "./head-features.js";
import { readRows } from "./labelled.js";
import { type StoredReading, storedSource } from "./stored-source.js";

/** Whether a path is a store of features, and not a data set of images. */
export function isStore(path: string): boolean {
  return existsSync(join(path, "zarr.json"));
}

/**
 * The named arrays of a store (all when none is named); in memory where they take no more than a quarter of what is free, else read as
 * they are needed.
 * @throws DifftapError REQUEST_INVALID for an array that the store lacks, listing those it has; LABELS_MISMATCH.
 */
export async function readStoredFeatures(
  path: string,
  arrays: readonly string[] | undefined,
  reading: StoredReading = {},
): Promise<HeadFeatures> {
  const store = await openFeatureStore(path);
  const names = arrays ?? store.arrays.map(({ name }) => name);
  for (const name of names) checkArray(store, name);
  const request = parseRequest(store.request);
  const labelled = await readRows(store);
  return {
    taps: tapsOf(request, names),
    ...(await storedSource(store, names, labelled, reading)),
    ...labelled,
    classNames: null,
    request,
    images: undefined,
    close: async () => {},
  };
}

/**
 * The same features under the names of what heads are fed, where they are the run's taps or whole maps among them.
 * @throws DifftapError REQUEST_INVALID for a map that is not there.
 */
export function servingInputs(
  features: HeadFeatures,
  inputs: readonly HeadTap[],
  store: string,
): HeadFeatures {
  const origins = inputs.map((input) => [input.name, originOf(input, features.taps, store)] as const);
  const { source } = features;
  return {
    ...features,
    source: {
      ...source,
      async *batches(indices, options) {
        for await (const batch of source.batches(indices, options)) {
          const named = origins.map(([name, origin]) => [name, batch.features[origin]!] as const);
          yield { ...batch, features: Object.fromEntries(named) };
        }
      },
    },
  };
}

function originOf(
  { name, block, timestep, height, width }: HeadTap,
  taps: readonly HeadTap[],
  store: string,
): string {
  const found =
    taps.find((tap) => tap.name === name) ??
    taps.find(
      (tap) =>
        tap.size === undefined &&
        tap.block === block &&
        tap.timestep === timestep &&
        tap.height === height &&
        tap.width === width,
    );
  if (found) return found.name;
  throw new DifftapError(
    "REQUEST_INVALID",
    `a head needs the whole map of block ${block} at timestep ${timestep}, which ${store} does not hold, or the run does not read`,
    {
      hint: "extract it with --pool map and name it in --arrays, or train straight from images",
      details: { block, timestep, taps: taps.map((tap) => tap.name) },
    },
  );
}

function checkArray({ path, arrays }: FeatureStore, wanted: string): void {
  if (arrays.some(({ name }) => name === wanted)) return;
  throw new DifftapError("REQUEST_INVALID", `${path} has no array ${wanted}`, {
    hint: `it has ${arrays.map(({ name }) => name).join(", ")}`,
    details: { wanted },
  });
}

/** Taps of a request in the order of the names. */
export function tapsOf(request: FeatureRequest, names: readonly string[]): HeadTap[] {
  const blocks = blockTable(request.architecture);
  const taps = requestedArrays(request).map(({ name, timestep, tap: { size, ...tap } }) => {
    const images = { size: imageSizeOf({ size: size ?? request.size }), other: size !== undefined };
    return { ...describeTap(blocks, { ...tap, timestep, ...images }), name };
  });
  return names.map((wanted) => taps.find(({ name }) => name === wanted)!);
}
