/** A network that is a formula: what it gives for an image depends on every input of that image and on nothing else. */
import type { BackboneBatch, BackboneRuntime, ImageSize, TapSession } from "@difftap/backbone";
import { blockTable, parseArchitecture } from "@difftap/backbone";
import { elementCount, type NdArray, ndarray } from "@difftap/core";
import { vi } from "vitest";
import {
  type FeatureBatch,
  type FeatureRequest,
  type ImageBatch,
  type ImageLoader,
  sampleShape,
} from "../src/index.js";

// Much here waits for timers, which come late on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

export const architecture = parseArchitecture({
  imageSize: 8,
  modelChannels: 32,
  residualBlocks: 1,
  channelMultipliers: [1, 2],
  attentionResolutions: [4],
  heads: 1,
  headChannels: -1,
  headsUpsample: -1,
  scaleShiftNorm: true,
  resblockUpdown: true,
  newAttentionOrder: false,
  classes: null,
  learnSigma: true,
  dropout: 0,
  diffusion: { steps: 1000, schedule: "linear", rescaleTimesteps: false },
});

export const request: FeatureRequest = {
  taps: [
    { block: 3, pool: 1 },
    { block: 5, pool: "map" },
  ],
  timesteps: [50, "clean", 0],
  draws: 1,
  seed: 11,
  size: 8,
  weights: "a".repeat(64),
  architecture,
  dataset: { name: "fake", count: 23 },
};

export interface FakeNetwork {
  readonly runtime: BackboneRuntime;
  readonly seen: BackboneBatch[];
  /** Most runs under way at once, and runs that had not ended when the session was closed. */
  readonly watch: { running: number; most: number; closed: number; runningAtClose: number };
}

export interface FakeOptions {
  readonly concurrency?: number;
  /** Milliseconds a run takes. */
  readonly latency?: () => number;
  readonly fail?: (run: number) => Error | undefined;
}

export function fakeNetwork({ concurrency = 1, latency = () => 0, fail }: FakeOptions = {}): FakeNetwork {
  const watch = { running: 0, most: 0, closed: 0, runningAtClose: 0 };
  const seen: BackboneBatch[] = [];
  const prepare: BackboneRuntime["prepare"] = async (taps) => {
    const session: TapSession = {
      taps,
      concurrency,
      async run(batch) {
        seen.push(batch);
        const error = fail?.(seen.length);
        watch.most = Math.max(watch.most, ++watch.running);
        await new Promise((resolve) => setTimeout(resolve, latency()));
        watch.running--;
        if (error !== undefined) throw error;
        return taps.map((tap) => outputs(batch, tap));
      },
      async close() {
        watch.closed++;
        watch.runningAtClose += watch.running;
      },
    };
    return session;
  };
  const runtime: BackboneRuntime = {
    name: "fake",
    architecture,
    blocks: blockTable(architecture),
    weightsDigest: request.weights,
    prepare,
    close: async () => undefined,
  };
  return { runtime, seen, watch };
}

function outputs(
  { images, noise, timesteps }: BackboneBatch,
  tap: FeatureRequest["taps"][number],
): NdArray<"float32"> {
  const [rows, , height, width] = images.shape as [number, number, number, number];
  const imageShape = images.shape.slice(1);
  const block = blockTable(architecture)[tap.block - 1]!;
  const shape = sampleShape(block, tap.pool, { height, width });
  const [pixels, length] = [elementCount(imageShape), elementCount(shape)];
  const data = new Float32Array(rows * length);
  for (let row = 0; row < rows; row++) {
    const t = timesteps[row]! === "clean" ? -1 : (timesteps[row] as number);
    for (let i = 0; i < length; i++) {
      const at = row * pixels + (i % pixels);
      data[row * length + i] =
        images.data[at]! / 255 + Math.fround(1.7) * (noise?.data[at] ?? 0) + t + tap.block;
    }
  }
  return ndarray("float32", [rows, ...shape], data);
}

/** Images that are a function of their row. Row `corrupt` cannot be decoded. */
export function fakeLoader(
  options: { corrupt?: number; delay?: () => number; log?: number[] } = {},
): ImageLoader {
  return async function* (rows, { batch, size, signal }) {
    for (let start = 0; start < rows.length; start += batch) {
      await new Promise((resolve) => setTimeout(resolve, options.delay?.() ?? 0));
      if (signal?.aborted) return;
      const taken = rows.slice(start, start + batch);
      options.log?.push(...taken);
      yield imageBatch(taken, batch, size, options.corrupt);
    }
  };
}

function imageBatch(rows: Uint32Array, batch: number, size: ImageSize, corrupt?: number): ImageBatch {
  const images = ndarray("uint8", [batch, 3, size.height, size.width]);
  const pixels = 3 * size.height * size.width;
  for (const [place, row] of rows.entries()) {
    if (row === corrupt) continue;
    for (let i = 0; i < pixels; i++) images.data[place * pixels + i] = (row * 37 + i * 11) % 256;
  }
  const bad = [...rows].filter((row) => row === corrupt);
  return {
    images,
    count: rows.length,
    labels: Int32Array.from(rows, (row) => row % 5),
    ids: Array.from(rows, (row) => `image-${row}`),
    valid: Uint8Array.from(rows, (row) => (row === corrupt ? 0 : 1)),
    failures: bad.map((index) => ({ index, id: `image-${index}`, source: "fake", reason: "torn" })),
  };
}

/** Every row's features by array and row, whatever batches they came in. */
export async function rowsOf(batches: AsyncIterable<FeatureBatch>): Promise<Map<string, number[]>> {
  const rows = new Map<string, number[]>();
  for await (const { start, count, features } of batches) {
    for (const [name, { shape, data }] of features) {
      const length = elementCount(shape.slice(1));
      for (let row = 0; row < count; row++) {
        rows.set(`${name}#${start + row}`, [...data.subarray(row * length, (row + 1) * length)]);
      }
    }
  }
  return rows;
}
