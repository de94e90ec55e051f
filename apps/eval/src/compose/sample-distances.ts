/** How far generated images are from real ones, in the features of one of our taps or of the user's own network. */
import { basename, join } from "node:path";
import type { BackboneRuntime } from "@difftap/backbone";
import { DifftapError, elementCount, type LongWork, type NdArray, ndarray } from "@difftap/core";
import { loadImages } from "@difftap/datasets";
import { type Distance, frechetDistance, kernelDistance, openFeatureNetwork } from "@difftap/metrics";
import { arrayName } from "@difftap/taps";
import { extractToStore } from "./features.js";
import { type Selection, selectImages } from "./images.js";
import type { SampleSettings } from "./sample-options.js";

export interface DistanceJob {
  readonly runtime: BackboneRuntime;
  readonly modelName: string;
  readonly settings: SampleSettings;
  /** Side of the images in pixels. */
  readonly size: number;
}

export interface MeasuredDistances {
  readonly frechet: Distance;
  readonly kernel: Distance;
  /** Which features, in words: block, timestep, pool and weights, or the file. */
  readonly features: string;
  readonly tap: Tap | undefined;
  readonly reference: { readonly name: string; readonly digest: string; readonly count: number };
}

interface Tap {
  readonly block: number;
  readonly timestep: number | "clean";
  readonly pool: number;
}

interface Pair {
  readonly samples: Selection;
  readonly reference: Selection;
}

interface Features {
  readonly samples: NdArray<"float32">;
  readonly reference: NdArray<"float32">;
  readonly said: string;
  readonly tap?: Tap;
}

/**
 * Fréchet and kernel distance between the run's samples and the reference images.
 * @throws DifftapError as loader, runtime, `openFeatureNetwork` and the distances do.
 */
export async function measureDistances(
  job: DistanceJob,
  spec: string,
  work: LongWork,
): Promise<MeasuredDistances> {
  const { settings } = job;
  const samples = await selectImages(`folder:${join(settings.out, "samples")}`, settings.count);
  const reference = await selectImages(spec, settings.referenceCount);
  try {
    const pair = { samples, reference };
    const { said, tap, ...features } =
      settings.inception === undefined
        ? await tapFeatures(job, pair, work)
        : await networkFeatures(job, settings.inception, pair, work);
    const { name, digest } = reference.dataset;
    return {
      frechet: frechetDistance(features.samples, features.reference),
      kernel: kernelDistance(features.samples, features.reference),
      features: said,
      tap,
      reference: { name, digest, count: reference.indices.length },
    };
  } finally {
    await Promise.all([samples.dataset.close?.(), reference.dataset.close?.()]);
  }
}

/** @throws DifftapError REQUEST_INVALID for a class-conditional network: the reference images' classes are not those of the samples. */
export function checkTappable({ runtime, settings }: Pick<DistanceJob, "runtime" | "settings">): void {
  if (settings.reference === undefined || settings.inception !== undefined) return;
  if (runtime.architecture.classes === null) return;
  throw new DifftapError("REQUEST_INVALID", "a class-conditional network cannot be tapped for distances", {
    hint: "name a network for them with --inception",
  });
}

async function tapFeatures(job: DistanceJob, pair: Pair, work: LongWork): Promise<Features> {
  const { runtime, modelName, settings } = job;
  const middle = runtime.blocks.find(({ kind }) => kind === "middle")!.number;
  const { distanceBlock: block = middle, distanceTimestep: timestep, distancePool: pool } = settings;
  const tap = { block, timestep, pool };
  const name = `reference-${pair.reference.dataset.digest.slice(0, 8)}`;
  const samples = await readTap(job, tap, pair.samples, "samples", work);
  const reference = await readTap(job, tap, pair.reference, name, work);
  const at = timestep === "clean" ? "clean" : `t = ${timestep}`;
  const weights = runtime.weightsDigest.slice(0, 8);
  const said = `block ${block}, ${at}, pool ${pool} of ${modelName} (weights ${weights}), ${samples.shape[1]} values`;
  return { samples, reference, said, tap };
}

/** Features of one tap, kept in a store of the run folder. */
async function readTap(
  { runtime, settings, size }: DistanceJob,
  { block, timestep, pool }: Tap,
  images: Selection,
  name: string,
  work: LongWork,
): Promise<NdArray<"float32">> {
  const { out, seed, batch } = settings;
  const array = arrayName(timestep, { block, pool });
  const taps = { blocks: [block], timesteps: [timestep], pool, draws: 1, seed };
  const kept = { dtype: "float32", onCorrupt: "fail" } as const;
  const folder = join(out, "features", `${array.replace("/", "-")}-p${pool}`, name);
  const { store } = await extractToStore(
    { runtime, size, images, taps, batch, store: folder, ...kept },
    work,
  );
  return flattened(await store.readAll(array, { signal: work.signal }));
}

async function networkFeatures(
  { settings, size }: DistanceJob,
  path: string,
  pair: Pair,
  work: LongWork,
): Promise<Features> {
  const network = await openFeatureNetwork(path);
  try {
    const read = async (images: Selection) =>
      network.features(await imagesOf(images, size, settings.batch, work), work);
    const samples = await read(pair.samples);
    const reference = await read(pair.reference);
    const said = `${basename(path)} (sha256 ${network.digest.slice(0, 8)}), ${samples.shape[1]} values`;
    return { samples, reference, said };
  } finally {
    await network.close();
  }
}

/** All images of a selection, cropped to `size`: [n, 3, size, size]. */
async function imagesOf(
  { dataset, indices }: Selection,
  size: number,
  batch: number,
  { signal }: LongWork,
): Promise<NdArray<"uint8">> {
  const length = 3 * size * size;
  const data = new Uint8Array(indices.length * length);
  let placed = 0;
  for await (const { images, count } of loadImages(dataset, {
    indices,
    size,
    batch,
    onCorrupt: "fail",
    signal,
  })) {
    data.set(images.data.subarray(0, count * length), placed * length);
    placed += count;
  }
  return ndarray("uint8", [indices.length, 3, size, size], data);
}

function flattened({ shape, data }: NdArray<"float32">): NdArray<"float32"> {
  return ndarray("float32", [shape[0]!, elementCount(shape.slice(1))], data);
}
