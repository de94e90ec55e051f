import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alphaCoefficients, createSchedule, type DiffusionConfig, namedBetas } from "../src/index.js";

const linear: DiffusionConfig = { steps: 1000, schedule: "linear", rescaleTimesteps: false };

const anyConfig = fc.record({
  steps: fc.integer({ min: 21, max: 1500 }),
  schedule: fc.constantFrom("linear" as const, "cosine" as const),
  rescaleTimesteps: fc.boolean(),
});

describe("betas", () => {
  it("linear: from 1e-4 to 0.02 in 1000 steps, evenly, and ten times that in 100", () => {
    const betas = namedBetas("linear", 1000);
    expect([betas[0], betas[999]]).toEqual([1e-4, 0.02]);
    expect(betas[500]! - betas[499]!).toBeCloseTo(0.0199 / 999, 15);
    expect(namedBetas("linear", 100)[99]).toBeCloseTo(0.2, 15);
  });

  it("cosine: ᾱ follows f(t/T)/f(0) until the last beta is held at 0.999", () => {
    const { alphasCumprod, betas } = createSchedule({ ...linear, schedule: "cosine" });
    const f = (s: number) => Math.cos(((s + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    expect(alphasCumprod[499]).toBeCloseTo(f(0.5) / f(0), 12);
    expect(betas[999]).toBe(0.999);
  });

  it.each([
    ["no steps", "linear", 0, "cannot have 0 steps"],
    ["a fraction of a step", "cosine", 2.5, "cannot have 2.5 steps"],
    ["so few linear steps that β reaches 1", "linear", 20, "would end with β = 1"],
    ["an unknown schedule", "sigmoid" as "linear", 10, 'no noise schedule "sigmoid"'],
  ] as const)("refuse %s", (_name, schedule, steps, message) => {
    expect(() => namedBetas(schedule, steps)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(message) }),
    );
  });
});

describe("createSchedule", () => {
  it("holds what must hold of any process", () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const s = createSchedule(config);
        expect(s.steps).toBe(config.steps);
        for (let t = 0; t < s.steps; t++) {
          const alphaBar = s.alphasCumprod[t]!;
          const previous = s.alphasCumprodPrev[t]!;
          if (!(alphaBar > 0 && alphaBar < previous)) expect.unreachable(`ᾱ does not fall at ${t}`);
          if (s.posteriorVariance[t]! > s.betas[t]!) expect.unreachable(`posterior variance above β at ${t}`);
          // q(x_{t−1} | x_t, x_0) has the mean √ᾱ_prev·x_0 when x_t is √ᾱ·x_0, its own mean.
          const mean = s.posteriorMeanCoef1[t]! + s.posteriorMeanCoef2[t]! * Math.sqrt(alphaBar);
          if (Math.abs(mean - Math.sqrt(previous)) > 1e-12) expect.unreachable(`posterior mean at ${t}`);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("feeds the network t, or t·1000/T when rescaled", () => {
    const config: DiffusionConfig = { steps: 400, schedule: "cosine", rescaleTimesteps: false };
    expect(Array.from(createSchedule(config).networkTimesteps.subarray(0, 3))).toEqual([0, 1, 2]);
    const rescaled = createSchedule({ ...config, rescaleTimesteps: true });
    expect(Array.from(rescaled.networkTimesteps.subarray(0, 3))).toEqual([0, 2.5, 5]);
  });

  it("takes betas as they are, one being enough", () => {
    const s = createSchedule({ betas: [0.1] });
    expect(s.alphasCumprod[0]).toBe(0.9);
    expect(s.posteriorVariance[0]).toBe(0);
    expect(s.posteriorLogVarianceClipped[0]).toBe(Math.log(0.1));
    expect(s.alphasCumprodNext[0]).toBe(0);
  });

  it.each([
    ["no beta", { betas: [] }, "at least one beta"],
    ["a beta of 0", { betas: [0.1, 0] }, "beta 1 is 0"],
    ["a beta of 1", { betas: [1] }, "beta 0 is 1"],
    ["NaN", { betas: [0.1, 0.2, Number.NaN] }, "beta 2 is NaN"],
    [
      "network timesteps of another number",
      { betas: [0.1, 0.2], networkTimesteps: [0] },
      "2 betas need as many",
    ],
  ])("refuses %s", (_name, process, message) => {
    expect(() => createSchedule(process)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(message) }),
    );
  });
});

describe("alphaCoefficients", () => {
  it("equal the tables to the last bit", () => {
    fc.assert(
      fc.property(anyConfig, fc.nat(), (config, draw) => {
        const t = draw % config.steps;
        const s = createSchedule(config);
        expect(alphaCoefficients(config, t)).toEqual({
          signal: s.sqrtAlphasCumprod[t],
          noise: s.sqrtOneMinusAlphasCumprod[t],
          networkTimestep: s.networkTimesteps[t],
        });
      }),
    );
  });

  it('leave the image as it is for "clean", which is not t = 0', () => {
    expect(alphaCoefficients(linear, "clean")).toEqual({ signal: 1, noise: 0, networkTimestep: 0 });
    expect(alphaCoefficients(linear, 0).noise).toBeCloseTo(0.01, 12);
  });

  it.each([-1, 1000, 0.5, Number.NaN])("refuse t = %d and say which there are", (t) => {
    expect(() => alphaCoefficients(linear, t)).toThrow(
      expect.objectContaining({
        code: "REQUEST_INVALID",
        message: `timestep ${t} does not exist: this process has timesteps 0 to 999`,
      }),
    );
  });
});
