import { type NdArray, ndarray, normals, streams } from "@difftap/core";
import { afterAll, expect, test } from "vitest";
import { type OnnxBackbone, type OnnxBackboneOptions, openOnnxBackbone } from "../dist/index.js";
import { architectures, small, weightsOf } from "./architectures.js";
import { largestDifference, largestMagnitude } from "./fixtures.js";

const opened: OnnxBackbone[] = [];
afterAll(() => Promise.all(opened.map((backbone) => backbone.close())));

async function open(options: Partial<OnnxBackboneOptions> = {}): Promise<OnnxBackbone> {
  const architecture = options.architecture ?? small;
  const defaults = { architecture, weights: weightsOf(architecture), workers: 1, threads: 1 };
  const backbone = await openOnnxBackbone({ ...defaults, ...options });
  opened.push(backbone);
  return backbone;
}

function batchOf(count: number, timesteps: readonly (number | "clean")[]) {
  const shape = [count, 3, 16, 16];
  const noise = ndarray("float32", shape, normals({ seed: 2, stream: streams.noise }, count * 768));
  const pixels = Uint8Array.from({ length: count * 768 }, (_, index) => (index * 7919) % 256);
  return { images: ndarray("uint8", shape, pixels), noise, timesteps };
}

const rowsOf = ({ shape, data, dtype }: NdArray<"float32">, rows: readonly number[]) => {
  const length = data.length / shape[0]!;
  const picked = rows.flatMap((row) => [...data.subarray(row * length, (row + 1) * length)]);
  return ndarray(dtype, [rows.length, ...shape.slice(1)], Float32Array.from(picked));
};

const TAPS = [
  { block: 3, pool: 2 },
  { block: 6, pool: 1 },
  { block: 6, pool: "map" },
  { block: 3, pool: 2 },
] as const;

test("taps come back in the order asked for, several pools of a block and repeats included", async () => {
  const session = await (await open()).prepare(TAPS);
  const [first, pooled, map, again] = await session.run(batchOf(3, [10, 10, 10]));
  expect(first!.shape).toEqual([3, 32 * 4]);
  expect(pooled!.shape).toEqual([3, 64]);
  expect(map!.shape).toEqual([3, 64, 8, 8]);
  expect(again!.data).toEqual(first!.data);
  const mean = map!.data.subarray(0, 64).reduce((sum, value) => sum + value, 0) / 64;
  expect(pooled!.data[0]).toBeCloseTo(mean, 5);
});

test.each([1, 2, 3, 5, 7, 8, 20])("pool %d averages PyTorch's windows, channel by channel", async (pool) => {
  const size = { height: 16, width: 20 };
  const taps = [
    { block: 3, pool },
    { block: 3, pool: "map" },
  ] as const;
  const session = await (await open()).prepare(taps, { size });
  const shape = [1, 3, size.height, size.width];
  const pixels = Uint8Array.from({ length: 960 }, (_, index) => (index * 7919) % 256);
  const batch = { images: ndarray("uint8", shape, pixels), noise: null, timesteps: ["clean"] as const };
  const [pooled, map] = await session.run(batch);
  const [height, width] = [8, 10];
  const cells = (places: number) =>
    Array.from({ length: Math.min(pool, places) }, (_, cell) => {
      const count = Math.min(pool, places);
      const [start, end] = [Math.floor((cell * places) / count), Math.ceil(((cell + 1) * places) / count)];
      return Array.from({ length: end - start }, (_, index) => start + index);
    });
  const wanted = Array.from({ length: 32 }, (_, channel) =>
    cells(height).map((rows) =>
      cells(width).map((columns) => {
        const values = rows.flatMap((y) =>
          columns.map((x) => map!.data[(channel * height + y) * width + x]!),
        );
        return values.reduce((sum, value) => sum + value, 0) / values.length;
      }),
    ),
  ).flat(2);
  expect(pooled!.shape).toEqual([1, wanted.length]);
  expect(largestDifference(pooled!.data, wanted)).toBeLessThan(1e-5);
});

test("bits do not depend on workers or threads", async () => {
  const batch = batchOf(
    37,
    Array.from({ length: 37 }, (_, index) => [0, 500, "clean" as const][index % 3]!),
  );
  const results = [];
  for (const [workers, threads] of [
    [1, 1],
    [2, 1],
    [3, 1],
    [1, 2],
    [1, 3],
  ] as const) {
    const session = await (await open({ workers, threads })).prepare([{ block: 9, pool: 3 }]);
    results.push((await session.run(batch))[0]!.data);
  }
  for (const other of results.slice(1))
    expect(Buffer.compare(Buffer.from(other.buffer), Buffer.from(results[0]!.buffer))).toBe(0);
});

test("a sample's features do not depend on the samples beside it", async () => {
  const session = await (await open()).prepare([{ block: 9, pool: 2 }]);
  const batch = batchOf(5, [0, 999, 0, "clean", 500]);
  const [together] = await session.run(batch);
  for (const row of [0, 1, 3]) {
    const [alone] = await session.run({
      images: ndarray("uint8", [1, 3, 16, 16], batch.images.data.slice(row * 768, (row + 1) * 768)),
      noise: rowsOf(batch.noise, [row]),
      timesteps: [batch.timesteps[row]!],
    });
    const want = rowsOf(together!, [row]).data;
    expect(largestDifference(alone!.data, want) / largestMagnitude(want)).toBeLessThan(1e-5);
  }
});

test("clean needs no noise and ignores noise that is there", async () => {
  const session = await (await open()).prepare([{ block: 2, pool: 4 }]);
  const batch = batchOf(2, ["clean", "clean"]);
  const [without] = await session.run({ ...batch, noise: null });
  const [beside] = await session.run(batch);
  expect(beside!.data).toEqual(without!.data);
});

test("uint8 pixels are x/127.5 − 1, and noise is added as q(x_t | x_0) says", async () => {
  const backbone = await open();
  const session = await backbone.prepare([{ block: 4, pool: "map" }]);
  const batch = batchOf(2, [250, 250]);
  const scaled = Float32Array.from(batch.images.data, (value) => value / 127.5 - 1);
  const images = ndarray("float32", batch.images.shape, scaled);
  const [fromPixels] = await session.run(batch);
  const [fromFloats] = await session.run({ ...batch, images });
  expect(largestDifference(fromFloats!.data, fromPixels!.data)).toBeLessThan(1e-5);
  const alphaBar = Array.from({ length: 251 }, (_, t) => 1 - (1e-4 + ((0.02 - 1e-4) * t) / 999)).reduce(
    (a, b) => a * b,
  );
  const noised = scaled.map(
    (value, i) => Math.sqrt(alphaBar) * value + Math.sqrt(1 - alphaBar) * batch.noise.data[i]!,
  );
  const [network] = await session.runNetwork({
    x: ndarray("float32", images.shape, noised),
    timesteps: [250, 250],
  });
  expect(
    largestDifference(network!.data, fromPixels!.data) / largestMagnitude(fromPixels!.data),
  ).toBeLessThan(1e-5);
});

test("class-conditional networks take labels, one per sample", async () => {
  const architecture = architectures["class-conditional, scale-shift norm"]!;
  const session = await (await open({ architecture })).prepare([{ block: 5, pool: 1 }]);
  const batch = batchOf(2, [10, 10]);
  const [a] = await session.run({ ...batch, labels: Int32Array.of(0, 2) });
  const [b] = await session.run({ ...batch, labels: Int32Array.of(0, 1) });
  expect(rowsOf(a!, [0]).data).toEqual(rowsOf(b!, [0]).data);
  expect(rowsOf(a!, [1]).data).not.toEqual(rowsOf(b!, [1]).data);
});

test("runs may overlap; each gets its own results", async () => {
  const session = await (await open({ workers: 2 })).prepare([{ block: 3, pool: 1 }]);
  expect(session.concurrency).toBe(3);
  const batches = [1, 200, 400, 600].map((t) => batchOf(4, [t, t, t, t]));
  const together = await Promise.all(batches.map((batch) => session.run(batch)));
  for (const [index, batch] of batches.entries()) {
    expect((await session.run(batch))[0]!.data).toEqual(together[index]![0]!.data);
  }
});

test("a replaced block is what its taps and later blocks see", async () => {
  const taps = [1, 2, 4].map((block) => ({ block, pool: "map" }) as const);
  const plain = await (await open()).prepare(taps);
  const replace: OnnxBackboneOptions["replace"] = ({ number }, value, ops) =>
    number === 2 ? ops.add(value, value) : undefined;
  const doubled = await (await open({ replace })).prepare(taps);
  const [before, after] = [await plain.run(batchOf(1, [5])), await doubled.run(batchOf(1, [5]))];
  expect(after[0]!.data).toEqual(before[0]!.data);
  expect(after[1]!.data).toEqual(before[1]!.data.map((value) => 2 * value));
  expect(after[2]!.data).not.toEqual(before[2]!.data);
});

test("a closed session and a closed runtime refuse to run", async () => {
  const backbone = await open();
  const session = await backbone.prepare([{ block: 1, pool: 1 }]);
  await session.close();
  await expect(session.run(batchOf(1, [5]))).rejects.toMatchObject({ code: "RUNTIME_FAILED" });
  await backbone.close();
  await expect(backbone.prepare([{ block: 1, pool: 1 }])).rejects.toMatchObject({ code: "RUNTIME_FAILED" });
});

test("the digest names the weights", async () => {
  const [first, same] = [await open(), await open()];
  const other = await open({ architecture: architectures["resizing residual layers, head channels"]! });
  expect(first.weightsDigest).toMatch(/^[0-9a-f]{64}$/);
  expect(same.weightsDigest).toBe(first.weightsDigest);
  expect(other.weightsDigest).not.toBe(first.weightsDigest);
  expect((await open({ weightsDigest: "given" })).weightsDigest).toBe("given");
});
