import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createSchedule,
  ddimStep,
  ddpmStep,
  type ModelKind,
  pMeanVariance,
  respace,
  spaceTimesteps,
} from "../src/index.js";

const full = createSchedule({ steps: 1000, schedule: "linear", rescaleTimesteps: false });

describe("spaceTimesteps", () => {
  it("takes the first and last of every section and as many as asked, ascending", () => {
    const sections = fc.array(fc.integer({ min: 2, max: 20 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sections, fc.integer({ min: 0, max: 40 }), (counts, spare) => {
        const steps = counts.length * (Math.max(...counts) + spare);
        const kept = spaceTimesteps(steps, counts);
        expect(kept).toHaveLength(counts.reduce((sum, count) => sum + count, 0));
        expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
        expect([kept[0], kept.at(-1)]).toEqual([0, steps - 1]);
        expect(spaceTimesteps(steps, counts.join(","))).toEqual(kept);
      }),
    );
  });

  it("rounds a half to the even neighbour, as the reference's language does", () => {
    // Stride 2.5: 0, 2.5, 5, 7.5, 10.
    expect(spaceTimesteps(11, "5")).toEqual([0, 2, 5, 8, 10]);
  });

  it("gives longer sections to the front and skips a section of no steps", () => {
    expect(spaceTimesteps(11, "2,2")).toEqual([0, 5, 6, 10]);
    expect(spaceTimesteps(10, "0,2")).toEqual([5, 9]);
  });

  it("ddimN takes the smallest whole stride", () => {
    expect(spaceTimesteps(10, "ddim4")).toEqual([0, 3, 6, 9]);
    expect(spaceTimesteps(10, "ddim1")).toEqual([0]);
    expect(spaceTimesteps(1, "ddim1")).toEqual([0]);
  });

  it.each([
    ["ddim300", "no whole stride makes exactly 300 of 1000 steps"],
    ["ddim0", "no whole stride makes exactly 0"],
    ["ddim", '"" is not a number of steps'],
    ["1001", "a section of 1000 steps cannot give 1001"],
    ["501,1", "a section of 500 steps cannot give 501"],
    ["", '"" is not a number of steps'],
    ["10,,10", '"" is not a number of steps'],
    ["-5", '"-5" is not a number of steps'],
    ["2.5", '"2.5" is not a number of steps'],
    ["many", '"many" is not a number of steps'],
    ["0", "keeps no timestep"],
    [[], "keeps no timestep"],
    [[Number.NaN], '"NaN" is not a number of steps'],
  ])("refuses %j", (respacing, message) => {
    expect(() => spaceTimesteps(1000, respacing)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(message) }),
    );
  });
});

describe("respace", () => {
  it("keeps ᾱ at the kept timesteps, and what the network is fed there", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.boolean(), (count, rescaleTimesteps) => {
        const whole = createSchedule({ steps: 1000, schedule: "cosine", rescaleTimesteps });
        const spaced = respace(whole, String(count));
        const kept = spaceTimesteps(1000, String(count));
        expect(spaced.steps).toBe(count);
        kept.forEach((t, i) => {
          expect(spaced.networkTimesteps[i]).toBe(whole.networkTimesteps[t]);
          // Absolute: a beta next to 1 cannot hold a tiny ᾱ to its last digits.
          const difference = spaced.alphasCumprod[i]! - whole.alphasCumprod[t]!;
          if (Math.abs(difference) > 1e-14) expect.unreachable(`ᾱ at ${t} is off by ${difference}`);
        });
      }),
      { numRuns: 40 },
    );
  });

  it("leaves a process alone when it keeps every step", () => {
    const same = respace(full, "1000");
    expect(same.networkTimesteps).toEqual(full.networkTimesteps);
    same.betas.forEach((beta, t) => {
      expect(beta).toBeCloseTo(full.betas[t]!, 14);
    });
  });

  it("can be respaced again, still feeding the original timesteps", () => {
    expect(Array.from(respace(respace(full, "ddim50"), "ddim5").networkTimesteps)).toEqual([
      0, 200, 400, 600, 800,
    ]);
  });
});

describe("one step", () => {
  const one = respace(full, "1");
  const kinds: ModelKind[] = [
    { mean: "EPSILON", variance: "FIXED_SMALL" },
    { mean: "EPSILON", variance: "FIXED_LARGE" },
    { mean: "START_X", variance: "LEARNED" },
    { mean: "PREVIOUS_X", variance: "LEARNED_RANGE" },
  ];

  it.each(kinds)("works with $mean and $variance", (kind) => {
    const size = kind.variance.startsWith("LEARNED") ? 4 : 2;
    const answer = {
      x: Float64Array.of(0.3, -0.2),
      modelOutput: new Float64Array(size).fill(0.1),
      timesteps: [0],
      noise: Float64Array.of(5, 5),
    };
    const predicted = pMeanVariance(one, kind, answer);
    expect(ddpmStep(one, kind, answer).sample).toEqual(predicted.mean);
    expect([...predicted.mean, ...predicted.logVariance].every(Number.isFinite)).toBe(true);
    const { sample } = ddimStep(one, kind, { ...answer, eta: 1 });
    sample.forEach((value, i) => {
      expect(value).toBeCloseTo(predicted.predictedXStart[i]!, 12);
    });
  });

  it("takes log β_0 for the log variance", () => {
    expect(one.posteriorLogVarianceClipped[0]).toBe(Math.log(one.betas[0]!));
    const kind: ModelKind = { mean: "EPSILON", variance: "FIXED_LARGE" };
    const answer = { x: Float64Array.of(0), modelOutput: Float64Array.of(0), timesteps: [0] };
    expect(pMeanVariance(one, kind, answer).variance[0]).toBe(one.betas[0]);
  });
});
