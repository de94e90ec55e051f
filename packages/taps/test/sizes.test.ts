/** Taps at several sizes of the images. */
import { hashId } from "@difftap/core";
import { describe, expect, it } from "vitest";
import {
  checkRequest,
  extractFeatures,
  type FeatureRequest,
  noiseId,
  openSessions,
  parseRequest,
  planExtraction,
  requestedArrays,
  requestHash,
  sampleNoise,
  sizedTaps,
} from "../src/index.js";
import { fakeLoader, fakeNetwork, request, rowsOf } from "./fakes.js";

const wide = { height: 4, width: 16 };
const own = request.taps[0]!;
const both: FeatureRequest = {
  ...request,
  taps: [...request.taps, { block: 5, pool: "map", size: 16 }, { block: 3, pool: 1, size: wide }],
};
const run = (asked: FeatureRequest, loader = fakeLoader()) =>
  rowsOf(extractFeatures(fakeNetwork({ concurrency: 2 }).runtime, loader, asked, { batch: 4 }));

describe("features at several sizes", () => {
  const together = run(both);
  const taps = (timestep: number | "clean", size: FeatureRequest["size"]) =>
    run({ ...request, size, timesteps: [timestep], taps: [{ block: 5, pool: "map" }] });

  it("are those of one size alone, bit for bit, at the request's own size", async () => {
    const alone = await run(request);
    expect(alone.size).toBe(23 * 6);
    for (const [key, values] of alone) expect((await together).get(key)).toEqual(values);
  });

  it("are those of one size alone without noise, bit for bit, at every size", async () => {
    const alone = await taps("clean", 16);
    expect(alone.size).toBe(23);
    for (const [key, values] of alone) {
      expect((await together).get(key.replace("b05", "b05@16"))).toEqual(values);
    }
  });

  it("have noise of their own at each size, that of the id with the size behind it", async () => {
    const values = (await together).get("t50/b05@16#7")!;
    const [clean, noise] = [(await together).get("clean/b05@16#7")!, new Float32Array(3 * 16 * 16)];
    sampleNoise({ seed: request.seed, id: hashId("image-7@16"), timestep: 50, draw: 0 }, noise);
    expect(noiseId("image-7", 16)).toBe("image-7@16");
    expect(noiseId("image-7", wide)).toBe("image-7@4x16");
    expect(noiseId("image-7", undefined)).toBe("image-7");
    // The fake network gives the timestep, and −1 for clean, beside image and noise.
    values.forEach((value, i) => {
      expect(value - clean[i]! - 51).toBeCloseTo(1.7 * noise[i % noise.length]!, 4);
    });
  });

  it("come in one batch, an image that one size lacks counting as lost", async () => {
    const sound = fakeLoader();
    const torn = fakeLoader({ corrupt: 5 });
    const loader: typeof sound = (rows, options) =>
      (options.size.height === 16 ? torn : sound)(rows, options);
    const batches = [];
    for await (const batch of extractFeatures(fakeNetwork().runtime, loader, both, { batch: 4 })) {
      batches.push(batch);
    }
    const { features, valid, failures } = batches[1]!;
    expect([...features.keys()]).toEqual(requestedArrays(both).map(({ name }) => name));
    expect([...valid]).toEqual([1, 0, 1, 1]);
    expect(failures).toEqual([{ index: 5, id: "image-5", source: "fake", reason: "torn" }]);
    const { data, shape } = features.get("t50/b03")!;
    expect(data.subarray(shape[1], 2 * shape[1]!).every((value) => value === 0)).toBe(true);
  });

  it("end with the error of whichever size fails, every session closed", async () => {
    const network = fakeNetwork({ concurrency: 2, latency: () => 3 });
    const loader: ReturnType<typeof fakeLoader> = async function* (rows, options) {
      let left = options.size.height === 16 ? 2 : 99;
      for await (const batch of fakeLoader()(rows, options)) {
        if (left-- === 0) throw new Error("disk gone");
        yield batch;
      }
    };
    await expect(rowsOf(extractFeatures(network.runtime, loader, both, { batch: 4 }))).rejects.toThrow(
      "disk gone",
    );
    expect(network.watch).toMatchObject({ running: 0, closed: 3, runningAtClose: 0 });
  });

  it("are computed by sessions given, one for each size", async () => {
    const network = fakeNetwork();
    const sessions = await openSessions(network.runtime, sizedTaps(both));
    const work = (given: typeof sessions) => rowsOf(extractFeatures(given, fakeLoader(), both, { batch: 4 }));
    expect(await work(sessions)).toEqual(await together);
    expect(network.watch.closed).toBe(0);
    await expect(work(sessions.slice(1))).rejects.toThrow("2 sessions are given for images of 3 sizes");
    await expect(work(sessions.toReversed())).rejects.toThrow("the session was prepared for b3/1");
  });
});

describe("a request for several sizes", () => {
  it("names its arrays by them, and has their shapes", () => {
    const shapes = requestedArrays({ ...both, timesteps: [5] }).map(({ name, sampleShape }) => [
      name,
      sampleShape,
    ]);
    expect(Object.fromEntries(shapes)).toEqual({
      "t5/b03": [32],
      "t5/b05": [64, 4, 4],
      "t5/b05@16": [64, 8, 8],
      "t5/b03@4x16": [32],
    });
  });

  it("tells pools apart at each size by itself", () => {
    const taps = [own, { ...own, size: 16 }, { ...own, pool: 2, size: 16 }];
    const names = requestedArrays({ ...request, taps, timesteps: [5] }).map(({ name }) => name);
    expect(names).toEqual(["t5/b03", "t5/b03-p1@16", "t5/b03-p2@16"]);
  });

  it("comes back from JSON, with a hash of its own", () => {
    expect(parseRequest(JSON.parse(JSON.stringify(both)))).toEqual(both);
    expect(requestHash(both)).not.toBe(requestHash(request));
    expect(() => parseRequest({ ...request, taps: [{ ...own, size: { height: 4, widht: 4 } }] })).toThrow(
      /size/,
    );
  });

  it("costs what its sizes cost", () => {
    const plan = planExtraction(both);
    const alone = [request, { ...request, size: 16 }, { ...request, size: wide, taps: [own] }];
    const plans = alone.map((one) => planExtraction(one));
    expect(plan.passesPerImage).toBe(9);
    expect(plan.macsPerImage).toBe(plans.reduce((sum, { macsPerImage }) => sum + macsPerImage, 0));
    expect(plan.macsPerPass).toBe(plan.macsPerImage / 9);
    expect(plan.bytes).toBe(23 * 3 * (32 + 64 * 16 + 64 * 64 + 32) * 4);
  });

  it.each<[FeatureRequest["taps"], RegExp, RegExp]>([
    [[{ ...own, size: 9 }], /image height 9 and width 9/, /nearest legal: height 8 or 10; width 8 or 10/],
    [[{ ...own, size: { height: 8, width: 7 } }], /image width 7/, /nearest legal: width 6 or 8/],
    [
      [own, { ...own, size: { height: 8, width: 8 } }],
      /names the size of all images/,
      /leave its `size` out/,
    ],
    [
      [
        { ...own, size: 16 },
        { ...own, size: { height: 16, width: 16 } },
      ],
      /tap block 3, pool 1, size 16 is asked for twice/,
      /once/,
    ],
  ])("%j is refused, saying what is legal", (taps, message, hint) => {
    expect(() => checkRequest({ ...request, taps })).toThrow(
      expect.objectContaining({
        code: "REQUEST_INVALID",
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    );
  });
});
