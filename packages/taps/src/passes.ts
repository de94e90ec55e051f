/** Cutting image batches into passes through the network, and putting the results together again. */
import type { BackboneBatch, TapSession } from "@difftap/backbone";
import { elementCount, hashId, type NdArray, ndarray } from "@difftap/core";
import { arrayName } from "./arrays.js";
import type { SizedBatch } from "./batches.js";
import { sampleNoise } from "./noise.js";
import { drawsAt } from "./plan.js";
import type { FeatureRequest, Timestep } from "./request.js";
import { noiseId, type SizedTaps, sizedTaps } from "./sizes.js";

/** One run of a session: a batch at one size and timestep with one draw of noise. */
export interface Pass {
  readonly batch: SizedBatch;
  /** Which of the request's sizes. */
  readonly place: number;
  readonly read: SizedTaps;
  readonly timestep: Timestep;
  readonly draw: number;
  /** The last pass over this batch. */
  readonly last: boolean;
}

/** Every pass over every batch: timestep by timestep, size by size, draw by draw. A size's images are decoded once for all of its passes. */
export async function* passesOver(
  loaded: AsyncIterable<SizedBatch>,
  request: FeatureRequest,
): AsyncGenerator<Pass> {
  const sizes = sizedTaps(request);
  const plan = request.timesteps.flatMap((timestep) =>
    sizes.flatMap((read, place) =>
      Array.from({ length: drawsAt(request, timestep) }, (_, draw) => ({ timestep, read, place, draw })),
    ),
  );
  for await (const batch of loaded) {
    for (const [index, step] of plan.entries()) yield { batch, ...step, last: index === plan.length - 1 };
  }
}

/** Starts a pass; the noise is made here, while earlier passes are still running in their workers. */
export async function runPass(
  session: TapSession,
  pass: Pass,
  request: FeatureRequest,
): Promise<NdArray<"float32">[]> {
  const { timestep } = pass;
  const images = imagesOf(pass);
  const rows = images.shape[0]!;
  const batch: BackboneBatch = {
    images,
    noise: timestep === "clean" ? null : noiseOf(pass, timestep, request),
    timesteps: new Array<Timestep>(rows).fill(timestep),
    ...(request.condition === undefined ? {} : { labels: new Int32Array(rows).fill(request.condition) }),
  };
  return session.run(batch);
}

const imagesOf = ({ batch, place }: Pass) => batch.images[place]!;

/** Noise of the images' shape; zeros for rows that hold no image. */
function noiseOf(pass: Pass, timestep: number, { seed }: FeatureRequest): NdArray<"float32"> {
  const { batch, read, draw } = pass;
  const { shape } = imagesOf(pass);
  const { count, ids, valid } = batch.about;
  const noise = ndarray("float32", shape);
  const length = elementCount(shape.slice(1));
  for (let row = 0; row < count; row++) {
    if (valid[row] === 0) continue;
    const address = { seed, id: hashId(noiseId(ids[row]!, read.named)), timestep, draw };
    sampleNoise(address, noise.data.subarray(row * length, (row + 1) * length));
  }
  return noise;
}

/** Adds up the draws of one batch and hands out their mean, padding cut off. */
export class DrawMean {
  readonly #sums = new Map<string, NdArray<"float32">>();

  /** Draws arrive in order, so that the sum is the same to the bit every time. */
  add(
    { timestep, draw, read }: Pass,
    outputs: readonly NdArray<"float32">[],
    { taps }: FeatureRequest,
  ): void {
    for (const [index, tap] of read.taps.entries()) {
      const name = arrayName(timestep, tap, taps);
      if (draw === 0) this.#sums.set(name, outputs[index]!);
      else addInto(this.#sums.get(name)!.data, outputs[index]!.data);
    }
  }

  /** Means by array name [count, …]; rows without an image are zeros. */
  take(
    { batch: { about } }: Pass,
    { timesteps, taps, draws }: FeatureRequest,
  ): Map<string, NdArray<"float32">> {
    const means = new Map<string, NdArray<"float32">>();
    for (const timestep of timesteps) {
      for (const tap of taps) {
        const name = arrayName(timestep, tap, taps);
        const rows = firstRows(this.#sums.get(name)!, about);
        if (timestep !== "clean" && draws > 1) divide(rows.data, draws);
        means.set(name, rows);
      }
    }
    this.#sums.clear();
    return means;
  }
}

function firstRows(
  { shape, data }: NdArray<"float32">,
  { count, valid }: SizedBatch["about"],
): NdArray<"float32"> {
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
