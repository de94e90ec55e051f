/** Maps kept on disk: computed once, chunk by chunk, and read back as they are needed. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float16ToFloat32, float32ToFloat16, hashId, ndarray, permutation, streams } from "@difftap/core";
import { loadViews, openDataset, type ViewBatch } from "@difftap/datasets";
import type { NamedImages } from "@difftap/eval";
import { type FeatureSource, memorySource } from "@difftap/trainer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inTurn } from "../src/dense/kept-views.js";
import type { DenseViews } from "../src/dense/source.js";
import { keptOnDisk } from "../src/dense/stored-maps.js";

/** A map of 2 MiB as half floats: a chunk has 4 of them. */
const tap = { name: "t1/b01", block: 1, timestep: 1, channels: 64, height: 128, width: 128 };
const width = tap.channels * tap.height * tap.width;
const samples = 10;
const request = { request: { of: "this test" }, requestHash: "1" };

let folder: string;
let views: DenseViews<ViewBatch>;
let read: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "difftap-maps-"));
  const dataset = await openDataset("scenes:count=12,size=24,seed=1");
  const indices = Uint32Array.from({ length: samples }, (_, i) => 11 - i);
  views = {
    images: {
      indices,
      load: (options) => loadViews(dataset, options),
      targets: ({ indices: images, count }) => ({
        image: ndarray("float32", [count], Float32Array.from(images)),
      }),
    },
    backbone: {
      taps: [tap],
      inputs: [tap],
      variables: new Map(),
      buffers: new Map(),
      description: {},
      read: async (images) => mapsOf(images),
      maps: () => ({}),
      close: async () => {},
    },
    settings: { canvas: { height: 16, width: 32 }, fit: "letterbox", scale: [1, 1], flip: 0, colours: 0 },
    seed: 3,
  };
});
afterAll(() => rm(folder, { recursive: true }));

const numberOf = (id: string) => Number(hashId(id) % 1000n) / 7;

function mapsOf({ ids }: NamedImages) {
  read.push(...ids);
  const maps = ndarray("float32", [ids.length, tap.channels, tap.height, tap.width]);
  for (const [row, id] of ids.entries()) maps.data.fill(numberOf(id), row * width, (row + 1) * width);
  return { [tap.name]: maps };
}

async function keep(place: object = {}): Promise<FeatureSource> {
  read = [];
  return keptOnDisk(views, { path: join(folder, "maps"), ...request, ...place });
}

/** First and last number of each map, and its target. */
async function readAll(source: FeatureSource, order: Uint32Array) {
  const rows: number[][] = [];
  for await (const { features } of source.batches(order, { batch: 3, epoch: 5 })) {
    const { data } = features[tap.name]!;
    features.image!.data.forEach((image, row) => {
      rows.push([data[row * width]!, data[(row + 1) * width - 1]!, image]);
    });
  }
  return rows;
}

test("are computed once, as half floats, and come with their targets in any order", async () => {
  const source = await keep();
  expect(read).toHaveLength(samples);
  const order = Uint32Array.of(7, 0, 9, 9, 3, 2, 1);
  const half = (value: number) => float16ToFloat32(float32ToFloat16(Float32Array.of(value)))[0]!;
  const dataset = await openDataset("scenes:count=12,size=24,seed=1");
  const expected = Array.from(order, (sample) => {
    const value = half(numberOf(dataset.id(11 - sample)));
    return [value, value, 11 - sample];
  });
  expect(await readAll(source, order)).toEqual(expected);
  const address = { seed: 1, stream: streams.order, index: 0 };
  expect(source.order!(address)).toEqual(permutation(address, samples));
  await keep();
  expect(read).toEqual([]);
});

test("of a chunk that is missing are computed again, and no others", async () => {
  const order = Uint32Array.from({ length: samples }, (_, i) => i);
  const before = await readAll(await keep(), order);
  await rm(join(folder, "maps", tap.name, "c.1.0.0.0"));
  const mended = await keep();
  expect(read).toHaveLength(4);
  await rm(join(folder, "maps", tap.name, "c.2.0.0.0"));
  await keep();
  expect(read).toHaveLength(2);
  expect(await readAll(mended, order)).toEqual(before);
});

test("of something else are refused, saying what differs", async () => {
  await expect(keep({ request: { of: "another test" }, requestHash: "2" })).rejects.toMatchObject({
    code: "STORE_MISMATCH",
    message: expect.stringContaining('request.of: the store has "this test", asked for "another test"'),
  });
});

test("of several views: the epochs take them in turn", async () => {
  const of = (label: number) => memorySource({}, Int32Array.of(label));
  const turning = inTurn([of(5), of(7)]);
  const labels: number[] = [];
  for (const epoch of [0, 1, 2, 5]) {
    for await (const read of turning.batches(Uint32Array.of(0), { batch: 1, epoch }))
      labels.push(...read.labels);
  }
  expect(labels).toEqual([5, 7, 5, 7]);
});
