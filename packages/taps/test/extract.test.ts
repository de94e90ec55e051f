import { isDifftapError } from "@difftap/core";
import { describe, expect, it } from "vitest";
import { extractFeatures, type FeatureBatch, type FeatureRequest } from "../src/index.js";
import { fakeLoader, fakeNetwork, request, rowsOf } from "./fakes.js";

const run = (
  network = fakeNetwork(),
  options: Partial<Parameters<typeof extractFeatures>[3]> = {},
  asked: FeatureRequest = request,
  loader = fakeLoader(),
) => extractFeatures(network.runtime, loader, asked, { batch: 4, ...options });

const collect = async (batches: AsyncIterable<FeatureBatch>) => {
  const all: FeatureBatch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
};

describe("features are equal to the bit", () => {
  const reference = rowsOf(run());

  it.each([1, 2, 5])("with %i runs at once that end in any order", async (concurrency) => {
    for (let attempt = 0; attempt < 3; attempt++) {
      const network = fakeNetwork({ concurrency, latency: () => Math.random() * 6 });
      const loader = fakeLoader({ delay: () => Math.random() * 4 });
      expect(await rowsOf(run(network, {}, request, loader))).toEqual(await reference);
    }
  });

  it("after a resume that computes only some rows", async () => {
    const rows = [
      { start: 4, count: 8 },
      { start: 20, count: 3 },
    ];
    const log: number[] = [];
    const resumed = await rowsOf(run(fakeNetwork(), { rows }, request, fakeLoader({ log })));
    expect(log).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 20, 21, 22]);
    expect(resumed.size).toBe(11 * 6);
    for (const [key, values] of resumed) expect(values).toEqual((await reference).get(key));
  });

  it("in other batches, for a network whose rows do not touch each other", async () => {
    expect(await rowsOf(run(fakeNetwork(), { batch: 23 }))).toEqual(await reference);
    expect(await rowsOf(run(fakeNetwork(), { batch: 1 }))).toEqual(await reference);
  });

  it("with other taps and timesteps beside them", async () => {
    const alone = { ...request, taps: [request.taps[1]!], timesteps: [0] };
    for (const [key, values] of await rowsOf(run(fakeNetwork(), {}, alone))) {
      expect(values).toEqual((await reference).get(key));
    }
  });
});

describe("a batch", () => {
  it("has every array, rows in order, and what is known about them", async () => {
    const batches = await collect(run());
    expect(batches.map(({ start, count }) => [start, count])).toEqual([
      [0, 4],
      [4, 4],
      [8, 4],
      [12, 4],
      [16, 4],
      [20, 3],
    ]);
    const { features, labels, ids, valid, failures } = batches[5]!;
    expect([...features.keys()]).toEqual([
      "t50/b03",
      "t50/b05",
      "clean/b03",
      "clean/b05",
      "t0/b03",
      "t0/b05",
    ]);
    expect(features.get("t50/b03")!.shape).toEqual([3, 32]);
    expect(features.get("clean/b05")!.shape).toEqual([3, 64, 4, 4]);
    expect([...labels]).toEqual([0, 1, 2]);
    expect(ids).toEqual(["image-20", "image-21", "image-22"]);
    expect([...valid]).toEqual([1, 1, 1]);
    expect(failures).toEqual([]);
  });

  it("runs the network at full size always, with zero noise for padding and none for clean", async () => {
    const network = fakeNetwork();
    await collect(run(network));
    expect(network.seen).toHaveLength(6 * 3);
    const last = network.seen.at(-1)!;
    expect(last.images.shape).toEqual([4, 3, 8, 8]);
    expect(last.timesteps).toEqual([0, 0, 0, 0]);
    expect(last.noise!.data.subarray(3 * 192).every((value) => value === 0)).toBe(true);
    expect(last.noise!.data.subarray(0, 3 * 192).every((value) => value !== 0)).toBe(true);
    expect(network.seen.at(-2)).toMatchObject({
      noise: null,
      timesteps: ["clean", "clean", "clean", "clean"],
    });
    expect(last).not.toHaveProperty("labels");
  });

  it("holds zeros, valid 0 and a failure for an image that could not be decoded", async () => {
    const batches = await collect(run(fakeNetwork(), {}, request, fakeLoader({ corrupt: 5 })));
    const { features, valid, failures } = batches[1]!;
    expect([...valid]).toEqual([1, 0, 1, 1]);
    expect(failures).toEqual([{ index: 5, id: "image-5", source: "fake", reason: "torn" }]);
    for (const { shape, data } of features.values()) {
      const length = data.length / shape[0]!;
      expect(data.subarray(length, 2 * length).every((value) => value === 0)).toBe(true);
      expect(data.subarray(0, length).some((value) => value !== 0)).toBe(true);
    }
  });
});

it("takes rectangles: images and maps have a height and a width", async () => {
  const network = fakeNetwork();
  const wide = { ...request, size: { height: 4, width: 12 } };
  const [first] = await collect(run(network, {}, wide));
  expect(network.seen[0]!.images.shape).toEqual([4, 3, 4, 12]);
  const shapes = [...first!.features].map(([name, { shape }]) => [name, shape.slice(1)]);
  const { channels, downsample } = network.runtime.blocks[4]!;
  expect(Object.fromEntries(shapes)["t50/b05"]).toEqual([channels, 4 / downsample, 12 / downsample]);
});

describe("draws", () => {
  it("are averaged: the mean of runs with one draw each", async () => {
    const network = fakeNetwork({ concurrency: 3, latency: () => Math.random() * 3 });
    const averaged = await rowsOf(run(network, {}, { ...request, draws: 3 }));
    // 3 draws at each of two noisy timesteps, one pass for clean.
    expect(network.seen).toHaveLength(6 * 7);
    const single = await rowsOf(run());
    const [many, one] = [averaged.get("t50/b03#7")!, single.get("t50/b03#7")!];
    expect(many).not.toEqual(one);
    expect(averaged.get("clean/b03#7")).toEqual(single.get("clean/b03#7"));
    const noises = network.seen.slice(7, 10).map(({ noise }) => noise!.data.subarray(3 * 192, 3 * 192 + 192));
    const image = network.seen[7]!.images.data.subarray(3 * 192, 3 * 192 + 192);
    for (const [i, value] of many.entries()) {
      const mean = noises.reduce((sum, noise) => sum + noise[i]!, 0) / 3;
      expect(value).toBeCloseTo(image[i]! / 255 + 1.7 * mean + 53, 4);
    }
  });
});

describe("stopping", () => {
  it("ends with INTERRUPTED at the signal, waits for what is running, closes its session", async () => {
    const network = fakeNetwork({ concurrency: 2, latency: () => 5 });
    const controller = new AbortController();
    const starts: number[] = [];
    const work = async () => {
      for await (const { start } of run(network, { signal: controller.signal })) {
        starts.push(start);
        if (start === 4) controller.abort();
      }
    };
    await expect(work()).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(starts).toEqual([0, 4]);
    expect(network.watch).toMatchObject({ running: 0, closed: 1, runningAtClose: 0 });
  });

  it("does not start at all when the signal has fired", async () => {
    const network = fakeNetwork();
    await expect(collect(run(network, { signal: AbortSignal.abort() }))).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(network.seen).toHaveLength(0);
  });

  it("is possible by leaving the loop", async () => {
    const network = fakeNetwork({ concurrency: 3, latency: () => 5 });
    for await (const { start } of run(network)) if (start === 0) break;
    expect(network.watch).toMatchObject({ running: 0, closed: 1, runningAtClose: 0 });
  });

  it("passes on the network's error, once everything has ended", async () => {
    const network = fakeNetwork({
      concurrency: 3,
      latency: () => Math.random() * 5,
      fail: (number) => (number === 8 ? new Error("worker died") : undefined),
    });
    const starts: number[] = [];
    const work = async () => {
      for await (const { start } of run(network)) starts.push(start);
    };
    await expect(work()).rejects.toThrow("worker died");
    expect(starts).toEqual([0, 4]);
    expect(network.watch).toMatchObject({ running: 0, closed: 1, runningAtClose: 0 });
  });

  it("passes on the loader's error", async () => {
    const broken = async function* () {
      yield* fakeLoader()(Uint32Array.of(0, 1, 2, 3), { batch: 4, size: { height: 8, width: 8 } });
      throw new Error("disk gone");
    };
    await expect(collect(run(fakeNetwork(), {}, request, broken))).rejects.toThrow("disk gone");
  });
});

describe("while it runs", () => {
  it("keeps a bounded number of passes under way, however slow the consumer", async () => {
    const network = fakeNetwork({ concurrency: 2, latency: () => 20 });
    const log: number[] = [];
    let taken = 0;
    const asked = { ...request, timesteps: [50], dataset: { name: "fake", count: 100 } };
    for await (const { count } of run(network, {}, asked, fakeLoader({ log }))) {
      taken += count;
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(log.length - taken).toBeLessThanOrEqual(4 * 5);
    }
    expect(taken).toBe(100);
    expect(network.watch.most).toBe(4);
  });

  it("reports images done", async () => {
    const events: number[] = [];
    await collect(
      run(fakeNetwork(), { rows: [{ start: 16, count: 7 }], onProgress: ({ done }) => events.push(done) }),
    );
    expect(events).toEqual([4, 7]);
  });

  it("leaves a session that it was given open", async () => {
    const network = fakeNetwork();
    const session = await network.runtime.prepare(request.taps);
    const batches = await collect(extractFeatures(session, fakeLoader(), request, { batch: 8 }));
    expect(batches).toHaveLength(3);
    expect(network.watch.closed).toBe(0);
  });
});

describe("refuses", () => {
  const codeOf = async (batches: AsyncIterable<unknown>) => {
    try {
      for await (const _ of batches);
    } catch (error) {
      if (isDifftapError(error)) return `${error.code}: ${error.message}`;
      throw error;
    }
    return "nothing";
  };

  it.each([
    [{ batch: 0 }, "USAGE_INVALID: batch is 0; it must be a whole number above 0"],
    [{ rows: [{ start: 2, count: 4 }] }, "USAGE_INVALID: rows 2…5 are no whole batches of 4 within 23 rows"],
    [{ rows: [{ start: 0, count: 3 }] }, "USAGE_INVALID: rows 0…2 are no whole batches of 4 within 23 rows"],
    [
      { rows: [{ start: 20, count: 4 }] },
      "USAGE_INVALID: rows 20…23 are no whole batches of 4 within 23 rows",
    ],
  ])("%j", async (options, expected) => {
    expect(await codeOf(run(fakeNetwork(), options))).toBe(expected);
  });

  it("other weights than the network has", async () => {
    const other = { ...request, weights: "b".repeat(64) };
    expect(await codeOf(run(fakeNetwork(), {}, other))).toContain(
      "REQUEST_INVALID: the request is for other weights",
    );
  });

  it("a session of other taps", async () => {
    const session = await fakeNetwork().runtime.prepare([request.taps[0]!]);
    expect(await codeOf(extractFeatures(session, fakeLoader(), request, { batch: 4 }))).toBe(
      "USAGE_INVALID: the session was prepared for b3/1, the request has b3/1, b5/map",
    );
  });

  it("images of another size, and too few of them", async () => {
    const small = (rows: Uint32Array) => fakeLoader()(rows, { batch: 4, size: { height: 4, width: 4 } });
    expect(await codeOf(run(fakeNetwork(), {}, request, small))).toBe(
      "USAGE_INVALID: a batch of images is 4 × 3 × 4 × 4 instead of 4 × 3 × 8 × 8",
    );
    const few = (rows: Uint32Array) =>
      fakeLoader()(rows.slice(0, 8), { batch: 4, size: { height: 8, width: 8 } });
    expect(await codeOf(run(fakeNetwork(), {}, request, few))).toBe(
      "USAGE_INVALID: the loader gave 8 images instead of 23",
    );
  });
});
