/**
 * Images and their noise as fine-tuning reads them: the same crops, mirrorings and noise, by seed, epoch and sample, as heads see that are
 * trained straight from images.
 */
import { elementCount, type NdArray, ndarray } from "@difftap/core";
import { type ImageBatch, loadImages, splitFraction } from "@difftap/datasets";
import { noiseOf, type Selection, selectImages } from "@difftap/eval";
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
  const noisy = timesteps.filter((timestep) => timestep !== "clean");
  const noiseSeed = augment ? seed + 1 + epoch : seed;
  const noises = noisy.map((timestep) => {
    const noise = noiseOf(images.shape, loaded.ids, { timestep, seed: noiseSeed });
    return [noiseName(timestep), noise] as const;
  });
  // A crop of all there is leaves only the mirroring.
  const uncropped = { ...address, area: [1, 1], aspect: [1, 1] } as const;
  return {
    features: { [IMAGE]: scaled(augment ? augmentImages(images, address) : images) },
    beside: {
      ...Object.fromEntries(noises),
      ...(whole && { [WHOLE]: scaled(augment ? augmentImages(images, uncropped) : images) }),
    },
    labels: loaded.labels,
  };
}

/** Without the rows that fill the last batch up. */
export function withoutPadding({ images, count }: Pick<ImageBatch, "images" | "count">): NdArray<"uint8"> {
  const [, ...sample] = images.shape;
  return ndarray("uint8", [count, ...sample], images.data.subarray(0, count * elementCount(sample)));
}

/** pixel/127.5 − 1; what is x_0 already stays. */
export function scaled(images: NdArray<"uint8"> | NdArray<"float32">): NdArray<"float32"> {
  if (images.dtype === "float32") return images;
  const { shape, data } = images;
  return ndarray(
    "float32",
    shape,
    Float32Array.from(data, (pixel) => pixel / 127.5 - 1),
  );
}
