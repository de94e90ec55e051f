import { normals, streams } from "@difftap/core";
import { describe, expect, it } from "vitest";
import {
  createSchedule,
  ddimReverseStep,
  ddimStep,
  ddpmStep,
  discretizedGaussianLogLikelihood,
  epsilonFromXStart,
  type ModelKind,
  normalKl,
  pMeanVariance,
  pretrainingLoss,
  qPosterior,
  qSample,
  velocityOf,
  xStartFromEpsilon,
  xStartFromPrevious,
  xStartFromVelocity,
} from "../src/index.js";

const schedule = createSchedule({ steps: 100, schedule: "cosine", rescaleTimesteps: false });
const epsilonKind: ModelKind = { mean: "EPSILON", variance: "FIXED_SMALL" };
const draw = (index: number, count: number) =>
  Float64Array.from(normals({ seed: 1, stream: streams.noise, index }, count));

const timesteps = [0, 1, 40, 98];
const xStart = draw(0, 40).map((value) => Math.tanh(value / 2));
const noise = draw(1, 40);
const xT = qSample(schedule, xStart, noise, timesteps);

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, digits = 9): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i]!, digits);
}

describe("the forward process", () => {
  it("treats each sample at its own timestep, as if alone", () => {
    timesteps.forEach((t, n) => {
      const alone = qSample(schedule, xStart.slice(n * 10, n * 10 + 10), noise.slice(n * 10, n * 10 + 10), [
        t,
      ]);
      expect(alone).toEqual(xT.slice(n * 10, n * 10 + 10));
    });
  });

  it("has the mean and the variance that the tables say (20,000 draws)", () => {
    const many = draw(2, 20_000);
    const x = qSample(schedule, new Float64Array(20_000).fill(0.5), many, [60]);
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    const deviation = schedule.sqrtOneMinusAlphasCumprod[60]!;
    expect(Math.abs(mean - 0.5 * schedule.sqrtAlphasCumprod[60]!)).toBeLessThan(
      (4 * deviation) / Math.sqrt(20_000),
    );
    expect(Math.abs(variance / deviation ** 2 - 1)).toBeLessThan(0.04);
  });

  it("keeps float32 as float32", () => {
    const x = qSample(schedule, Float32Array.from(xStart), noise, timesteps);
    expect(x).toBeInstanceOf(Float32Array);
    expectClose(x, xT, 6);
  });
});

describe("predictions", () => {
  it("of x_0 from ε, of ε from x_0, of x_0 from the posterior mean undo the forward process", () => {
    expectClose(xStartFromEpsilon(schedule, xT, noise, timesteps), xStart);
    expectClose(epsilonFromXStart(schedule, xT, xStart, timesteps), noise);
    const { mean } = qPosterior(schedule, xStart, xT, timesteps);
    expectClose(xStartFromPrevious(schedule, xT, mean, timesteps), xStart, 7);
    const velocity = velocityOf(schedule, xStart, noise, timesteps);
    velocity.forEach((value, i) => {
      const alphaBar = schedule.alphasCumprod[timesteps[Math.floor(i / 10)]!]!;
      expect(value).toBeCloseTo(Math.sqrt(alphaBar) * noise[i]! - Math.sqrt(1 - alphaBar) * xStart[i]!, 12);
    });
    expectClose(xStartFromVelocity(schedule, xT, velocity, timesteps), xStart);
  });

  it("agree whatever the network predicts", () => {
    const outputs = {
      EPSILON: noise,
      START_X: xStart,
      PREVIOUS_X: qPosterior(schedule, xStart, xT, timesteps).mean,
      VELOCITY: velocityOf(schedule, xStart, noise, timesteps),
    };
    for (const [mean, modelOutput] of Object.entries(outputs)) {
      const kind = { mean, variance: "FIXED_LARGE" } as ModelKind;
      const made = pMeanVariance(schedule, kind, { x: xT, modelOutput, timesteps });
      expectClose(made.mean, outputs.PREVIOUS_X, 7);
      expectClose(made.predictedXStart, xStart, 7);
    }
  });

  it("are clipped to [−1, 1] by default and left alone when asked", () => {
    const answer = { x: xT, modelOutput: noise.map((value) => value * 3), timesteps };
    const clipped = pMeanVariance(schedule, epsilonKind, answer).predictedXStart;
    const raw = pMeanVariance(schedule, epsilonKind, { ...answer, clip: false }).predictedXStart;
    expect(raw.some((value) => Math.abs(value) > 1)).toBe(true);
    expect(clipped).toEqual(raw.map((value) => Math.min(1, Math.max(-1, value))));
  });

  it("read the second half of each sample as the learned variance", () => {
    const kind: ModelKind = { mean: "START_X", variance: "LEARNED_RANGE" };
    const modelOutput = Float64Array.of(0.1, 0.2, -1, 1, 0.3, 0.4, 1, -1);
    const made = pMeanVariance(schedule, kind, { x: new Float64Array(4), modelOutput, timesteps: [5, 9] });
    expect(Array.from(made.predictedXStart)).toEqual([0.1, 0.2, 0.3, 0.4]);
    const small = (t: number) => schedule.posteriorLogVarianceClipped[t]!;
    const large = (t: number) => Math.log(schedule.betas[t]!);
    expectClose(made.logVariance, [small(5), large(5), large(9), small(9)], 12);
    expectClose(made.variance, made.logVariance.map(Math.exp), 12);
  });
});

describe("steps", () => {
  const answer = { x: xT, modelOutput: noise, timesteps };

  it("add no noise at t = 0 and some at every other t", () => {
    const stepNoise = draw(3, 40);
    const { mean, logVariance } = pMeanVariance(schedule, epsilonKind, answer);
    const { sample } = ddpmStep(schedule, epsilonKind, { ...answer, noise: stepNoise });
    expect(sample.slice(0, 10)).toEqual(mean.slice(0, 10));
    const added = sample.map((value, i) => (value - mean[i]!) / Math.exp(0.5 * logVariance[i]!));
    expectClose(added.slice(10), stepNoise.slice(10), 7);
  });

  it("of DDIM lead along the true path when the network knows the noise, forwards and backwards", () => {
    const { sample } = ddimStep(schedule, epsilonKind, answer);
    expectClose(sample.slice(0, 10), xStart.slice(0, 10));
    const previous = qSample(schedule, xStart.slice(10), noise.slice(10), [0, 39, 97]);
    expectClose(sample.slice(10), previous, 7);
    const next = qSample(
      schedule,
      xStart,
      noise,
      timesteps.map((t) => t + 1),
    );
    expectClose(ddimReverseStep(schedule, epsilonKind, answer).sample, next, 7);
  });

  it("of DDIM in reverse end in pure noise after the last timestep", () => {
    const last = qSample(schedule, xStart, noise, [99, 99, 99, 99]);
    const made = ddimReverseStep(schedule, epsilonKind, {
      x: last,
      modelOutput: noise,
      timesteps: [99, 99, 99, 99],
      clip: false,
    });
    expectClose(made.sample, noise, 6);
  });

  it("of DDIM with η = 1 have the distribution of DDPM's", () => {
    const stepNoise = draw(4, 40);
    const kind: ModelKind = { mean: "EPSILON", variance: "FIXED_SMALL" };
    const ddpm = ddpmStep(schedule, kind, { ...answer, noise: stepNoise, clip: false }).sample;
    const ddim = ddimStep(schedule, kind, { ...answer, noise: stepNoise, clip: false, eta: 1 }).sample;
    expectClose(ddim, ddpm, 7);
  });

  it("sample a known distribution: with the exact denoiser of a single image, every chain ends in it", () => {
    let x = draw(5, 16);
    const target = draw(6, 16).map(Math.tanh);
    for (let t = schedule.steps - 1; t >= 0; t--) {
      const modelOutput = epsilonFromXStart(schedule, x, target, [t]);
      x = ddpmStep(schedule, epsilonKind, {
        x,
        modelOutput,
        timesteps: [t],
        noise: draw(100 + t, 16),
      }).sample;
    }
    expectClose(x, target, 7);
  });
});

describe("likelihoods", () => {
  it("of the 256 levels sum to 1", () => {
    for (const [mean, logScale] of [
      [0.2, -2],
      [-0.98, -4],
      [1, -1],
    ] as const) {
      const levels = Array.from({ length: 256 }, (_, level) => level / 127.5 - 1);
      const total = levels.reduce(
        (sum, x) => sum + Math.exp(discretizedGaussianLogLikelihood(x, mean, logScale)),
        0,
      );
      expect(total).toBeCloseTo(1, 6);
    }
  });

  it("are floored at 1e-12", () => {
    expect(discretizedGaussianLogLikelihood(0.9, -0.9, -8)).toBe(Math.log(1e-12));
  });

  it("diverge as the integral says", () => {
    expect(normalKl(0.3, -1, 0.3, -1)).toBe(0);
    const density = (x: number, mean: number, logVariance: number) =>
      Math.exp(-((x - mean) ** 2) / (2 * Math.exp(logVariance)) - (logVariance + Math.log(2 * Math.PI)) / 2);
    let integral = 0;
    for (let x = -12; x < 12; x += 0.001) {
      const p = density(x, 0.5, -0.7);
      if (p > 0) integral += p * Math.log(p / density(x, -0.2, 0.4)) * 0.001;
    }
    expect(normalKl(0.5, -0.7, -0.2, 0.4)).toBeCloseTo(integral, 6);
  });
});

describe("losses", () => {
  const learned: ModelKind = { mean: "EPSILON", variance: "LEARNED_RANGE" };
  const input = { xStart, noise, timesteps };

  it.each(["EPSILON", "START_X", "PREVIOUS_X", "VELOCITY"] as const)(
    "are 0 in mean square for a perfect %s",
    (mean) => {
      const outputs = {
        EPSILON: noise,
        START_X: xStart,
        PREVIOUS_X: qPosterior(schedule, xStart, xT, timesteps).mean,
        VELOCITY: velocityOf(schedule, xStart, noise, timesteps),
      };
      const kind: ModelKind = { mean, variance: "FIXED_LARGE" };
      const made = pretrainingLoss(schedule, kind, "MSE", { ...input, modelOutput: outputs[mean] });
      expect(Array.from(made.mse!)).toEqual([0, 0, 0, 0]);
      expect(made.vb).toBeUndefined();
    },
  );

  it("of a perfect network with the posterior's variance have a variational term of 0, t = 0 apart", () => {
    const modelOutput = new Float64Array(80).fill(-1);
    for (let n = 0; n < 4; n++) modelOutput.set(noise.slice(n * 10, n * 10 + 10), n * 20);
    const { loss } = pretrainingLoss(schedule, learned, "KL", { ...input, modelOutput });
    expectClose(loss.slice(1), [0, 0, 0], 9);
    expect(loss[0]).toBeGreaterThan(0);
  });

  it("rescale by the number of steps that are kept", () => {
    const all = { ...input, modelOutput: draw(7, 80) };
    const losses = (type: "MSE" | "RESCALED_MSE" | "KL" | "RESCALED_KL") =>
      pretrainingLoss(schedule, learned, type, all);
    expectClose(
      losses("RESCALED_KL").loss,
      losses("KL").loss.map((value) => value * 100),
    );
    expectClose(
      losses("RESCALED_MSE").vb!,
      losses("MSE").vb!.map((value) => value * 0.1),
    );
    expectClose(losses("MSE").vb!, losses("KL").loss);
  });

  it("refuse an unknown name", () => {
    const type = "L1" as "MSE";
    expect(() => pretrainingLoss(schedule, epsilonKind, type, { ...input, modelOutput: noise })).toThrow(
      'there is no loss "L1"',
    );
  });
});

describe("wrong input", () => {
  const answer = { x: xT, modelOutput: noise, timesteps };
  const usage = (message: string) =>
    expect.objectContaining({ code: "USAGE_INVALID", message: expect.stringContaining(message) });

  it("of other lengths is refused, with both", () => {
    const short = noise.slice(1);
    expect(() => qSample(schedule, xStart, short, timesteps)).toThrow(
      usage("noise has 39 values where 40 are needed"),
    );
    expect(() => qPosterior(schedule, short, xT, timesteps)).toThrow(usage("xStart has 39"));
    expect(() => pMeanVariance(schedule, epsilonKind, { ...answer, modelOutput: short })).toThrow(
      usage("modelOutput has 39 values where 40 are needed"),
    );
    const learned: ModelKind = { mean: "EPSILON", variance: "LEARNED" };
    expect(() => pMeanVariance(schedule, learned, answer)).toThrow(usage("40 values where 80 are needed"));
    expect(() => ddpmStep(schedule, epsilonKind, { ...answer, noise: short })).toThrow(usage("noise has 39"));
    expect(() => ddimStep(schedule, epsilonKind, { ...answer, noise: short, eta: 1 })).toThrow(
      usage("noise has 39"),
    );
  });

  it("with timesteps that the process does not have, or that do not divide the values, is refused", () => {
    expect(() => qSample(schedule, xStart, noise, [0, 100])).toThrow(
      expect.objectContaining({ code: "REQUEST_INVALID", message: expect.stringContaining("0 to 99") }),
    );
    expect(() => qSample(schedule, xStart, noise, [0, 1, 2])).toThrow(usage("divided among 3 timesteps"));
    expect(() => qSample(schedule, xStart, noise, [])).toThrow(usage("divided among 0 timesteps"));
  });

  it.each([-0.1, 1.1, Number.NaN])("as an eta of %d is refused", (eta) => {
    expect(() => ddimStep(schedule, epsilonKind, { ...answer, eta, noise })).toThrow(
      usage("is not between 0 and 1"),
    );
  });

  it("as an eta without noise is refused", () => {
    expect(() => ddimStep(schedule, epsilonKind, { ...answer, eta: 0.5 })).toThrow(
      usage("eta 0.5 needs noise"),
    );
  });

  it("as an unknown kind of model is refused", () => {
    const mean = { ...epsilonKind, mean: "IMAGE" as "EPSILON" };
    expect(() => pMeanVariance(schedule, mean, answer)).toThrow('there is no mean type "IMAGE"');
    const variance = { ...epsilonKind, variance: "NONE" as "LEARNED" };
    expect(() => pMeanVariance(schedule, variance, answer)).toThrow('there is no variance type "NONE"');
  });
});
