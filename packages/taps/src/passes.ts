/** Cutting image batches into passes through the network, and putting the results together again. */
import type { BackboneBatch, TapSession } from "@difftap/backbone";
import { elementCount, hashId, type NdArray, ndarray } from "@difftap/core";
import { arrayName } from "./arrays.js";
import type { ImageBatch } from "./batches.js";
import { sampleNoise } from "./noise.js";
import { drawsAt } from "./plan.js";
import type { FeatureRequest, Timestep } from "./request.js";

/** One run of the session: a batch at a timestep with one draw of noise. */
export interface Pass {
  readonly images: ImageBatch;
  readonly timestep: Timestep;
  readonly draw: number;
  /** The last pass over this batch. */
  readonly last: boolean;
}

/** Every pass over every batch: timestep by timestep, draw by draw. The images of a batch are decoded once for all of them. */
export async function* passesOver(
  loaded: AsyncIterable<ImageBatch>,
  request: FeatureRequest,
): AsyncGenerator<Pass> {
  const plan = request.timesteps.flatMap((timestep) =>
    Array.from({ length: drawsAt(request, timestep) }, (_, draw) => ({ timestep, draw })),
  );
  for await (const images of loaded) {
    for (const [index, step] of plan.entries()) yield { images, ...step, last: index === plan.length - 1 };
  }
}

/** Starts a pass; the noise is made here, while earlier passes are still running in their workers. */
export async function runPass(
  session: TapSession,
  pass: Pass,
  request: FeatureRequest,
): Promise<NdArray<"float32">[]> {
  const { images, timestep } = pass;
  const rows = images.images.shape[0]!;
  const batch: BackboneBatch = {
    images: images.images,
    noise: timestep === "clean" ? null : noiseOf(pass, timestep, request),
    timesteps: new Array<Timestep>(rows).fill(timestep),
    ...(request.condition === undefined ? {} : { labels: new Int32Array(rows).fill(request.condition) }),
  };
  return session.run(batch);
}

/** Noise of the images' shape; zeros for rows that hold no image. */
function noiseOf({ images, draw }: Pass, timestep: number, { seed }: FeatureRequest): NdArray<"float32"> {
  const noise = ndarray("float32", images.images.shape);
  const length = elementCount(images.images.shape.slice(1));
  for (let row = 0; row < images.count; row++) {
    if (images.valid[row] === 0) continue;
    const address = { seed, id: hashId(images.ids[row]!), timestep, draw };
    sampleNoise(address, noise.data.subarray(row * length, (row + 1) * length));
  }
  return noise;
}

/** Adds up the draws of one batch and hands out their mean, padding cut off. */
export class DrawMean {
  readonly #sums = new Map<string, NdArray<"float32">>();

  /** Draws arrive in order, so that the sum is the same to the bit every time. */
  add({ timestep, draw }: Pass, outputs: readonly NdArray<"float32">[], { taps }: FeatureRequest): void {
    for (const [index, tap] of taps.entries()) {
      const name = arrayName(timestep, tap, taps);
      if (draw === 0) this.#sums.set(name, outputs[index]!);
      else addInto(this.#sums.get(name)!.data, outputs[index]!.data);
    }
  }

  /** Means by array name [count, …]; rows without an image are zeros. */
  take({ images }: Pass, { timesteps, taps, draws }: FeatureRequest): Map<string, NdArray<"float32">> {
    const means = new Map<string, NdArray<"float32">>();
    for (const timestep of timesteps) {
      for (const tap of taps) {
        const name = arrayName(timestep, tap, taps);
        const rows = firstRows(this.#sums.get(name)!, images);
        if (timestep !== "clean" && draws > 1) divide(rows.data, draws);
        means.set(name, rows);
      }
    }
    this.#sums.clear();
    return means;
  }
}

function firstRows({ shape, data }: NdArray<"float32">, { count, valid }: ImageBatch): NdArray<"float32"> {
  const length = elementCount(shape.slice(1));
  const rows = ndarray("float32", [count, ...shape.slice(1)], data.subarray(0, count * length));
  for (let row = 0; row < count; row++)
    if (valid[row] === 0) rows.data.fill(0, row * length, (row + 1) * length);
  return rows;
}

function addInto(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
}

function divide(values: Float32Array, by: number): void {
  for (let i = 0; i < values.length; i++) values[i]! /= by;
}
