import { isDifftapError } from "@difftap/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  arrayName,
  checkRequest,
  type FeatureRequest,
  imageSizeOf,
  parseRequest,
  planExtraction,
  requestedArrays,
  requestHash,
} from "../src/index.js";
import { architecture, request } from "./fakes.js";

const errorOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (isDifftapError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("parseRequest", () => {
  it("takes JSON, and draws is 1 when absent", () => {
    const { draws: _, ...rest } = request;
    expect(parseRequest(JSON.parse(JSON.stringify(rest)))).toEqual(request);
  });

  it("takes the reference's flags as the architecture", () => {
    const flags = { image_size: 64, num_channels: 64 };
    expect(parseRequest({ ...request, architecture: { flags } }).architecture).toMatchObject({
      modelChannels: 64,
    });
  });

  it.each([
    [{ taps: [] }, "taps"],
    [{ timesteps: ["clear"] }, "timesteps.0"],
    [{ draws: 0 }, "draws"],
    [{ draws: 257 }, "draws"],
    [{ seed: -1 }, "seed"],
    [{ weights: "abc" }, "weights: must be a sha256"],
    [{ dataset: { name: "x", count: 0 } }, "dataset.count"],
    [{ timestep: [50] }, "unknown key timestep, did you mean timesteps?"],
    [{ taps: [{ blok: 3, block: 3, pool: 1 }] }, "unknown key taps.0.blok, did you mean block?"],
    [{ dataset: { name: "x", count: 1, splits: "a" } }, "unknown key dataset.splits, did you mean split?"],
  ])("refuses %j by name", (change, expected) => {
    const error = errorOf(() => parseRequest({ ...request, ...change }));
    expect([error.code, error.exitCode]).toEqual(["REQUEST_INVALID", 2]);
    expect(error.message).toContain(expected);
  });

  it("gives a request or a DifftapError for anything", () => {
    const field = fc.constantFrom(...Object.keys(request), "condition");
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(field, fc.anything())), (change) => {
        try {
          const parsed = parseRequest(typeof change === "object" ? { ...request, ...change } : change);
          checkRequest(parsed);
        } catch (error) {
          expect(isDifftapError(error)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("requestHash", () => {
  const shuffled = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, shuffled(inner)]),
    );
  };

  it("tells rectangles from squares, and squares are written as ever", () => {
    const wide = parseRequest({ ...request, size: { height: 8, width: 16 } });
    expect(imageSizeOf(wide)).toEqual({ height: 8, width: 16 });
    expect(imageSizeOf(request)).toEqual({ height: 8, width: 8 });
    expect(requestHash(wide)).not.toBe(requestHash({ ...wide, size: { height: 16, width: 8 } }));
    expect(() => parseRequest({ ...request, size: { height: 8, widht: 16 } })).toThrow(/size/);
  });

  it("does not depend on the order of keys", () => {
    expect(requestHash(shuffled(request) as FeatureRequest)).toBe(requestHash(request));
  });

  it("stays what it is from version to version", () => {
    // sha256 of json.dumps(request, sort_keys=True, separators=(",", ":")) in Python.
    expect(requestHash(request)).toBe("d4621a11bb554ae8dba79a0bbf717d0822d9afa748ebe6178483b38f6dd0e640");
  });

  it.each<Partial<FeatureRequest>>([
    { seed: 12 },
    { draws: 2 },
    { size: 16 },
    { timesteps: [50, 0, "clean"] },
    { taps: [{ block: 3, pool: 2 }] },
    { weights: "b".repeat(64) },
    { architecture: { ...architecture, dropout: 0.1 } },
    { dataset: { name: "fake", count: 23, split: "test" } },
  ])("is another with %j", (change) => {
    expect(requestHash({ ...request, ...change })).not.toBe(requestHash(request));
  });
});

describe("checkRequest", () => {
  const conditional = { ...architecture, classes: 10 };

  it.each<[Partial<FeatureRequest>, RegExp, RegExp]>([
    [
      { taps: [{ block: 0, pool: 1 }] },
      /block 0 does not exist/,
      /legal blocks: 1–4 \(input\), 5 \(middle\), 6–9 \(output\)/,
    ],
    [{ taps: [{ block: 99, pool: 1 }] }, /block 99 does not exist/, /legal blocks: 1–4/],
    [
      { taps: [{ block: 3, pool: 0 }] },
      /block 3 cannot be pooled to 0/,
      /legal pools: 1, 2, 3, … .* or "map"/,
    ],
    [{ taps: [{ block: 3, pool: 1.5 }] }, /cannot be pooled to 1.5/, /legal pools/],
    [{ timesteps: [1000] }, /timestep 1000 does not exist/, /0…999 of its 1000 diffusion steps, or "clean"/],
    [{ timesteps: [-1] }, /timestep -1 does not exist/, /0…999/],
    [{ timesteps: [0.5] }, /timestep 0.5 does not exist/, /0…999/],
    [{ size: 9 }, /9/, /nearest legal/],
    [{ timesteps: [50, 90, 50] }, /timestep 50 is asked for twice/, /draws/],
    [{ taps: [request.taps[0]!, request.taps[0]!] }, /tap block 3, pool 1 is asked for twice/, /once/],
    [{ condition: 1 }, /has no classes/, /leave `condition` out/],
    [{ architecture: conditional }, /class-conditional; condition is missing/, /0…9/],
    [{ architecture: conditional, condition: 10 }, /condition is 10/, /0…9/],
  ])("%j is refused, saying what is legal", (change, message, hint) => {
    const error = errorOf(() => checkRequest({ ...request, ...change }));
    expect(error.code).toBe("REQUEST_INVALID");
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  it("lets every legal request through", () => {
    checkRequest(request);
    checkRequest({ ...request, timesteps: [0, 999, "clean"], size: 16 });
    checkRequest({ ...request, architecture: conditional, condition: 9 });
  });
});

describe("arrays", () => {
  it("are named by timestep and block", () => {
    expect(arrayName(50, { block: 9, pool: 1 })).toBe("t50/b09");
    expect(arrayName("clean", { block: 24, pool: "map" })).toBe("clean/b24");
  });

  it("are told apart by pool where a block is asked for with several", () => {
    const taps = [
      { block: 9, pool: 1 },
      { block: 9, pool: "map" },
      { block: 8, pool: 2 },
    ] as const;
    const names = requestedArrays({ ...request, taps, timesteps: [5] }).map(({ name }) => name);
    expect(names).toEqual(["t5/b09-p1", "t5/b09-map", "t5/b08"]);
  });

  it("have the shape of the pooled map, never more cells than it has", () => {
    const pools = [1, 2, 4, 9, "map"] as const;
    const taps = pools.map((pool) => ({ block: 5, pool }));
    const shapes = requestedArrays({ ...request, taps, timesteps: [5] }).map(
      ({ sampleShape }) => sampleShape,
    );
    expect(shapes).toEqual([[64], [256], [1024], [1024], [64, 4, 4]]);
  });
});

describe("planExtraction", () => {
  it("counts passes, cost, bytes and time", () => {
    const plan = planExtraction({ ...request, draws: 4 }, 100);
    // 4 draws at two noisy timesteps, one clean pass.
    expect(plan).toMatchObject({
      images: 23,
      passesPerImage: 9,
      passes: 207,
      deepestBlock: 5,
      seconds: 2.07,
    });
    expect(plan.macsPerImage).toBe(9 * plan.macsPerPass);
    expect(plan.shareOfNetwork).toBeGreaterThan(0);
    expect(plan.shareOfNetwork).toBeLessThan(1);
    expect(plan.bytes).toBe(23 * 3 * (32 + 64 * 16) * 4);
    expect(planExtraction(request, undefined, "float16").bytes).toBe(plan.bytes / 2);
    expect(planExtraction(request)).not.toHaveProperty("seconds");
  });

  it("refuses what cannot be answered", () => {
    expect(errorOf(() => planExtraction({ ...request, timesteps: [1000] })).code).toBe("REQUEST_INVALID");
  });
});
