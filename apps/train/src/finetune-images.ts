/**
 * Images and their noise as fine-tuning reads them: the same crops, mirrorings and noise, by seed, epoch and sample, as heads see that are
 * trained straight from images.
 */
import type { NdArray } from "@difftap/core";
import { type ImageBatch, loadImages, splitFraction } from "@difftap/datasets";
import {
  type NamedImages,
  noiseOf,
  type Selection,
  scaled,
  selectImages,
  withoutPadding,
} from "@difftap/eval";
import type { Timestep } from "@difftap/taps";
import { augmentImages, type FeatureSource, type LabelledBatch } from "@difftap/trainer";

/** Names in a batch: x_0 in [−1, 1] that the head classifies, and the whole image that the diffusion loss takes. */
export const IMAGE = "image";
export const WHOLE = "whole";
/** Noise of a timestep. */
export const noiseName = (timestep: number) => `noise/t${timestep}`;

/** The first `count` images, of each class a share of them. @throws DifftapError as `selectImages` and `splitFraction` */
export async function selectShare(
  spec: string,
  { count, share, seed }: { count: number | undefined; share: number | undefined; seed: number },
): Promise<Selection> {
  const all = await selectImages(spec, count);
  if (share === undefined || share === 1) return all;
  const places = splitFraction(labelsOf(all), share, seed);
  return { ...all, indices: Uint32Array.from(places, (place) => all.indices[place]!) };
}

export function labelsOf({ dataset, indices }: Selection): Int32Array {
  return Int32Array.from(indices, (index) => dataset.label(index));
}

export interface NoisyImages {
  readonly images: Selection;
  /** Side in pixels. */
  readonly size: number;
  readonly timesteps: readonly Timestep[];
  readonly seed: number;
  /** Crops and mirrors, and draws noise anew in each epoch. */
  readonly augment: boolean;
  /** Also gives the images as they are before cropping, mirrored alike. */
  readonly whole: boolean;
}

/** An image that cannot be read ends the training. */
export function noisyImages(choice: NoisyImages): FeatureSource {
  const { images, size } = choice;
  return {
    length: images.indices.length,
    async *batches(indices, { batch, epoch, signal }) {
      const chosen = Uint32Array.from(indices, (index) => images.indices[index]!);
      const options = { indices: chosen, size, batch, onCorrupt: "fail", signal } as const;
      for await (const loaded of loadImages(images.dataset, options)) {
        const samples = indices.subarray(loaded.start, loaded.start + loaded.count);
        yield labelledBatch(loaded, samples, epoch, choice);
      }
    },
  };
}

function labelledBatch(
  loaded: ImageBatch,
  samples: Uint32Array,
  epoch: number,
  { timesteps, seed, augment, whole }: NoisyImages,
): LabelledBatch {
  const images = withoutPadding(loaded);
  const address = { seed, epoch, samples };
  const noiseSeed = augment ? seed + 1 + epoch : seed;
  // A crop of all there is leaves only the mirroring.
  const uncropped = { ...address, area: [1, 1], aspect: [1, 1] } as const;
  return {
    features: { [IMAGE]: scaled(augment ? augmentImages(images, address) : images) },
    beside: {
      ...noisesOf({ images, ids: loaded.ids }, timesteps, noiseSeed),
      ...(whole && { [WHOLE]: scaled(augment ? augmentImages(images, uncropped) : images) }),
    },
    labels: loaded.labels,
  };
}

/** The noise of images at each of the timesteps that have some, by name. */
export function noisesOf(
  { images, ids }: NamedImages,
  timesteps: readonly Timestep[],
  seed: number,
): Record<string, NdArray<"float32">> {
  const noisy = [...new Set(timesteps)].filter((timestep) => timestep !== "clean");
  return Object.fromEntries(
    noisy.map((timestep) => [noiseName(timestep), noiseOf(images.shape, ids, { timestep, seed })]),
  );
}
