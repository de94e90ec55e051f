/** Cuts a batch into the pieces that a session runs one by one. */
import type { Architecture, BackboneBatch } from "@difftap/backbone";
import { alphaCoefficients } from "@difftap/scheduler";
import type { Feeds } from "../workers/protocol.js";

/** How one sample is noised and what the network is told. */
export interface SampleTime {
  readonly signal: number;
  readonly sigma: number;
  readonly networkTimestep: number;
}

/** Rows of a batch that run together. */
export interface Piece {
  readonly rows: readonly number[];
  readonly feeds: Feeds;
}

/** A batch as the graph takes it. */
export interface NoisedBatch {
  readonly images: BackboneBatch["images"];
  readonly noise: BackboneBatch["noise"];
  readonly times: readonly SampleTime[];
  readonly labels?: Int32Array | undefined;
}

/** @throws DifftapError REQUEST_INVALID for a timestep that the process does not have. */
export function sampleTimes(
  { diffusion }: Architecture,
  timesteps: readonly (number | "clean")[],
): SampleTime[] {
  const known = new Map<number | "clean", SampleTime>();
  return timesteps.map((timestep) => {
    const time = known.get(timestep) ?? timeOf(diffusion, timestep);
    known.set(timestep, time);
    return time;
  });
}

/**
 * Pieces of at most `largest` samples; with `shared`, samples of a piece have the same time.
 * The cut depends on the batch and on nothing else, so results do not depend on who runs the pieces.
 */
export function cutBatch(batch: NoisedBatch, largest: number, shared: boolean): Piece[] {
  const groups = shared ? sameTimes(batch.times) : [batch.times.map((_, row) => row)];
  return groups.flatMap((rows) =>
    slices(rows, largest).map((slice) => ({ rows: slice, feeds: feedsOf(batch, slice, shared) })),
  );
}

function timeOf(diffusion: Architecture["diffusion"], timestep: number | "clean"): SampleTime {
  const { signal, noise: sigma, networkTimestep } = alphaCoefficients(diffusion, timestep);
  return { signal, sigma, networkTimestep };
}

function sameTimes(times: readonly SampleTime[]): number[][] {
  const groups = new Map<string, number[]>();
  times.forEach(({ signal, sigma, networkTimestep }, row) => {
    const key = `${signal} ${sigma} ${networkTimestep}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  });
  return [...groups.values()];
}

function slices(rows: readonly number[], largest: number): number[][] {
  const count = Math.ceil(rows.length / largest);
  return Array.from({ length: count }, (_, index) => rows.slice(index * largest, (index + 1) * largest));
}

function feedsOf(batch: NoisedBatch, rows: readonly number[], shared: boolean): Feeds {
  const { images, noise, labels } = batch;
  const times = (shared ? rows.slice(0, 1) : rows).map((row) => batch.times[row]!);
  const vector = (pick: (time: SampleTime) => number) =>
    ({ type: "float32", shape: [times.length], data: Float32Array.from(times, pick) }) as const;
  return {
    images: rowsOf(images, rows),
    noise: noise === null ? noNoise() : rowsOf(noise, rows),
    signal: vector((time) => time.signal),
    sigma: vector((time) => time.sigma),
    timesteps: vector((time) => time.networkTimestep),
    ...(labels && {
      labels: { type: "int32", shape: [rows.length], data: Int32Array.from(rows, (row) => labels[row]!) },
    }),
  };
}

function noNoise() {
  return { type: "float32", shape: [1, 1, 1, 1], data: new Float32Array(1) } as const;
}

function rowsOf({ dtype, shape, data }: BackboneBatch["images"], rows: readonly number[]) {
  const length = data.length / shape[0]!;
  const picked =
    dtype === "uint8" ? new Uint8Array(rows.length * length) : new Float32Array(rows.length * length);
  rows.forEach((row, index) => {
    picked.set(data.subarray(row * length, (row + 1) * length), index * length);
  });
  return { type: dtype, shape: [rows.length, ...shape.slice(1)], data: picked };
}
