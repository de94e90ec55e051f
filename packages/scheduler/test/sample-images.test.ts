import { type DifftapError, ndarray, normals, type ProgressEvent, streams } from "@difftap/core";
import { describe, expect, it } from "vitest";
import {
  createSchedule,
  ddimStep,
  ddpmStep,
  type ModelKind,
  type OfNoisyImages,
  pMeanVariance,
  respace,
  type Sampler,
  type SamplingOptions,
  sampleImages,
  spaceTimesteps,
} from "../src/index.js";

const full = createSchedule({ steps: 1000, schedule: "linear", rescaleTimesteps: false });
const learned: ModelKind = { mean: "EPSILON", variance: "LEARNED_RANGE" };
const fixed: ModelKind = { mean: "EPSILON", variance: "FIXED_SMALL" };

/** Something like a network with learned sigma: as smooth and as bounded, and different at each timestep and channel. */
const predict: OfNoisyImages = async (x, timesteps, labels) => {
  const [n, ...shape] = x.shape as [number, number, number, number];
  const size = shape.reduce((product, side) => product * side, 1);
  const data = new Float32Array(2 * x.data.length);
  for (let i = 0; i < x.data.length; i++) {
    const row = Math.floor(i / size);
    const at = 2 * row * size + (i % size);
    data[at] =
      0.9 * x.data[i]! + 0.1 * Math.sin(3 * x.data[i]! + timesteps[row]! / 100 + (labels?.[row] ?? 0));
    data[at + size] = Math.cos(x.data[i]!);
  }
  return ndarray("float32", [n, 2 * shape[0]!, ...shape.slice(1)], data);
};

const base: SamplingOptions = {
  schedule: respace(full, "ddim50"),
  kind: learned,
  sampler: { name: "ddim" },
  shape: [3, 4, 4],
  samples: [0, 1, 2],
  seed: 7,
  predict,
};

/** A `predict` that keeps what it answered and what it was fed. */
function recorded(inner: OfNoisyImages = predict) {
  const outputs: Float32Array[] = [];
  const fed: number[][] = [];
  const asked: OfNoisyImages = async (x, timesteps, labels) => {
    const output = await inner(x, timesteps, labels);
    outputs.push(output.data);
    fed.push([...timesteps]);
    return output;
  };
  return { predict: asked, outputs, fed };
}

const noiseOf = (sample: number, place: number) =>
  normals({ seed: 7, stream: streams.noise + 256 * place, index: sample }, 48);

describe("DDIM", () => {
  it.each([0, 0.5, 1])(
    "η = %d equals a recomputation in float64 from the same outputs to 1e-4",
    async (eta) => {
      const { predict: asked, outputs } = recorded();
      const made = await sampleImages({ ...base, predict: asked, sampler: { name: "ddim", eta } });
      // Equation 12 of arXiv 2010.02502 by itself: the process's betas, every 20th ᾱ, and no code of this package.
      const betas = Array.from({ length: 1000 }, (_, t) => 1e-4 + ((0.02 - 1e-4) * t) / 999);
      const alphaBars = betas.map((_, t) =>
        betas.slice(0, t + 1).reduce((product, beta) => product * (1 - beta), 1),
      );
      let worst = 0;
      for (const sample of base.samples) {
        let x = Array.from(noiseOf(sample, 0));
        for (let t = 49; t >= 0; t--) {
          const alphaBar = alphaBars[20 * t]!;
          const previous = t === 0 ? 1 : alphaBars[20 * (t - 1)]!;
          const sigma = eta * Math.sqrt(((1 - previous) / (1 - alphaBar)) * (1 - alphaBar / previous));
          const noise = noiseOf(sample, t + 1);
          x = x.map((value, i) => {
            const output = outputs[49 - t]![96 * sample + i]!;
            const raw = (value - Math.sqrt(1 - alphaBar) * output) / Math.sqrt(alphaBar);
            const xStart = Math.min(1, Math.max(-1, raw));
            const epsilon = (value - Math.sqrt(alphaBar) * xStart) / Math.sqrt(1 - alphaBar);
            const direction = Math.sqrt(Math.max(0, 1 - previous - sigma ** 2)) * epsilon;
            return Math.sqrt(previous) * xStart + direction + (t > 0 ? sigma * noise[i]! : 0);
          });
        }
        x.forEach((value, i) => {
          worst = Math.max(worst, Math.abs(value - made.data[48 * sample + i]!));
        });
      }
      if (process.env.DIFFTAP_FIGURES) process.stdout.write(`DDIM, eta ${eta}: ${worst}\n`);
      expect(worst).toBeLessThan(1e-4);
      expect(made.data.some((value) => Math.abs(value) > 0.1)).toBe(true);
    },
  );
});

describe("respacing", () => {
  it.each(["1", "2", "50", "250", "1000", "10,10,5", "ddim1", "ddim25", "ddim50", "ddim1000"])(
    "%s: the network is fed the original timesteps, last first, the same for every sample",
    async (respacing) => {
      const schedule = respace(full, respacing);
      for (const sampler of [{ name: "ddpm" }, { name: "ddim", eta: 1 }] satisfies Sampler[]) {
        const { predict: asked, fed } = recorded();
        const { data } = await sampleImages({ ...base, schedule, sampler, predict: asked });
        const kept = spaceTimesteps(1000, respacing).reverse();
        expect(fed).toEqual(kept.map((t) => [t, t, t]));
        expect(data.every((value) => Math.abs(value) < 1.5)).toBe(true);
      }
    },
  );

  it("of a rescaled process feeds t·1000/T", async () => {
    const rescaled = createSchedule({ steps: 4000, schedule: "cosine", rescaleTimesteps: true });
    const { predict: asked, fed } = recorded();
    await sampleImages({ ...base, schedule: respace(rescaled, "ddim4"), predict: asked });
    expect(fed.map(([t]) => t)).toEqual([750, 500, 250, 0]);
  });

  it("does not change the noise that sampling starts from", async () => {
    const started: Float32Array[] = [];
    const watched: OfNoisyImages = (x, timesteps, labels) => {
      if (timesteps[0]! > 900) started.push(x.data.slice());
      return predict(x, timesteps, labels);
    };
    await sampleImages({ ...base, predict: watched, schedule: respace(full, "2") });
    await sampleImages({ ...base, predict: watched, schedule: respace(full, "3") });
    expect(started).toHaveLength(2);
    expect(started[0]).toEqual(started[1]);
  });
});

describe("noise by address", () => {
  it.each([{ name: "ddpm" }, { name: "ddim", eta: 0.7 }] satisfies Sampler[])(
    "makes a sample the same in any batch and order ($name)",
    async (sampler) => {
      const options = { ...base, sampler, samples: [0, 5, 3], labels: Int32Array.of(1, 2, 3) };
      const together = await sampleImages(options);
      const alone = await sampleImages({ ...options, samples: [3], labels: Int32Array.of(3) });
      const turned = await sampleImages({ ...options, samples: [3, 0], labels: Int32Array.of(3, 1) });
      expect(alone.data).toEqual(together.data.slice(96, 144));
      expect(turned.data.slice(48)).toEqual(together.data.slice(0, 48));
      expect((await sampleImages({ ...options, seed: 8 })).data).not.toEqual(together.data);
    },
  );

  it("draws other noise at every step and for every sample", async () => {
    const seen = new Set<string>();
    for (const sample of [0, 1, 2])
      for (const place of [0, 1, 2, 50]) seen.add(noiseOf(sample, place).join());
    expect(seen.size).toBe(12);
  });
});

/** Mean and variance. */
function momentsOf(values: ArrayLike<number>) {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  return { mean, variance: all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (all.length - 1) };
}

/** ᾱ at what the network was fed. */
const alphaBarAt = (timestep: number) => full.alphasCumprod[timestep]!;

/** The perfect network for images whose values are N(mean, variance): its ε is (x_t − √ᾱ·E[x_0 | x_t]) / √(1 − ᾱ). */
const gaussianNetwork =
  (mean: number, variance: number): OfNoisyImages =>
  async (x, [timestep]) => {
    const alphaBar = alphaBarAt(timestep!);
    const gain = (Math.sqrt(alphaBar) * variance) / (alphaBar * variance + 1 - alphaBar);
    const data = x.data.map((value) => {
      const xStart = mean + gain * (value - Math.sqrt(alphaBar) * mean);
      return (value - Math.sqrt(alphaBar) * xStart) / Math.sqrt(1 - alphaBar);
    });
    return ndarray("float32", x.shape, data);
  };

const many = { ...base, kind: fixed, shape: [1, 40, 40], samples: [0, 1, 2, 3, 4], clip: false };
/** Standard errors of 8,000 draws, times four. */
const MEAN_SLACK = 4 / Math.sqrt(8000);
const VARIANCE_SLACK = 4 * Math.sqrt(2 / 8000);

describe("moments", () => {
  it.each([
    [{ name: "ddpm" }, "FIXED_SMALL"],
    [{ name: "ddpm" }, "FIXED_LARGE"],
    [{ name: "ddim", eta: 0 }, "FIXED_SMALL"],
    [{ name: "ddim", eta: 1 }, "FIXED_SMALL"],
  ] as const)("%j with %s draws from the Gaussian that the network knows", async (sampler, variance) => {
    const schedule = respace(full, "500");
    const network = gaussianNetwork(0.3, 0.25);
    const kind = { mean: "EPSILON", variance } as const;
    const found = momentsOf(
      (await sampleImages({ ...many, schedule, sampler, kind, predict: network })).data,
    );
    expect(Math.abs(found.mean - 0.3)).toBeLessThan(0.5 * MEAN_SLACK + 0.005);
    expect(Math.abs(found.variance / 0.25 - 1)).toBeLessThan(VARIANCE_SLACK + 0.02);
  });
});

describe("guidance", () => {
  const schedule = respace(full, "ddim50");
  const x = Float64Array.from(normals({ seed: 3, stream: streams.noise }, 6));
  const modelOutput = Float64Array.of(0.1, -0.4, 1.2, 0.3, 0.2, -0.9, 0.5, -0.5, 0.25, 0, 1, -1);
  const gradient = Float64Array.of(1, -2, 0.5, 3, -0.25, 0);
  const answer = { x, modelOutput, timesteps: [31, 0], gradient };

  it("of DDPM shifts the mean by variance · gradient", () => {
    const { mean, variance, logVariance } = pMeanVariance(schedule, learned, answer);
    const noise = Float64Array.of(0.5, -1, 2, 0.5, -1, 2);
    const { sample } = ddpmStep(schedule, learned, { ...answer, noise });
    sample.forEach((value, i) => {
      const shifted = mean[i]! + variance[i]! * gradient[i]!;
      expect(value).toBeCloseTo(shifted + (i < 3 ? Math.exp(0.5 * logVariance[i]!) * noise[i]! : 0), 12);
    });
  });

  it("of DDIM takes √(1 − ᾱ) · gradient from ε, and x_0 follows unclipped", () => {
    const { predictedXStart } = pMeanVariance(schedule, learned, answer);
    const { sample, predictedXStart: guidedXStart } = ddimStep(schedule, learned, answer);
    sample.forEach((value, i) => {
      const t = i < 3 ? 31 : 0;
      const alphaBar = schedule.alphasCumprod[t]!;
      const previous = schedule.alphasCumprodPrev[t]!;
      const epsilon = (x[i]! - Math.sqrt(alphaBar) * predictedXStart[i]!) / Math.sqrt(1 - alphaBar);
      const guided = epsilon - Math.sqrt(1 - alphaBar) * gradient[i]!;
      const xStart = (x[i]! - Math.sqrt(1 - alphaBar) * guided) / Math.sqrt(alphaBar);
      expect(guidedXStart[i]).toBeCloseTo(xStart, 9);
      expect(value).toBeCloseTo(Math.sqrt(previous) * xStart + Math.sqrt(1 - previous) * guided, 9);
    });
  });

  // x_0 ~ N(0, 1) and p(y | x_0) = N(y; x_0, r²): then x_0 | y ~ N(y/(1 + r²), r²/(1 + r²)).
  const [r2, y] = [0.5, 1.2];
  const towardsY: OfNoisyImages = async (noisy, [timestep]) => {
    const alphaBar = alphaBarAt(timestep!);
    const data = noisy.data.map(
      (value) => (Math.sqrt(alphaBar) * (y - Math.sqrt(alphaBar) * value)) / (1 - alphaBar + r2),
    );
    return ndarray("float32", noisy.shape, data);
  };
  it.each([{ name: "ddpm" }, { name: "ddim" }] satisfies Sampler[])(
    "leads to the posterior where that has a closed form ($name)",
    async (sampler) => {
      const guidance = { gradient: towardsY, scale: 1 };
      const options = { ...many, schedule: respace(full, "500"), sampler, predict: gaussianNetwork(0, 1) };
      const found = momentsOf((await sampleImages({ ...options, guidance })).data);
      const variance = r2 / (1 + r2);
      expect(Math.abs(found.mean - y / (1 + r2))).toBeLessThan(Math.sqrt(variance) * MEAN_SLACK + 0.01);
      expect(Math.abs(found.variance / variance - 1)).toBeLessThan(VARIANCE_SLACK + 0.03);
      const unguided = momentsOf(
        (await sampleImages({ ...options, guidance: { gradient: towardsY, scale: 0 } })).data,
      );
      expect(Math.abs(unguided.mean)).toBeLessThan(MEAN_SLACK);
    },
  );

  it("asks the gradient with the labels and the timesteps that the network is fed", async () => {
    const { predict: asked, fed } = recorded();
    const seen: { labels: number[]; timesteps: number[] }[] = [];
    const spy: OfNoisyImages = async (noisy, timesteps, labels) => {
      seen.push({ labels: [...(labels ?? [])], timesteps: [...timesteps] });
      return ndarray("float32", noisy.shape);
    };
    const labels = Int32Array.of(4, 0, 9);
    await sampleImages({ ...base, predict: asked, labels, guidance: { gradient: spy, scale: 2 } });
    expect(seen.map(({ timesteps }) => timesteps)).toEqual(fed);
    expect(seen.every((each) => each.labels.join() === "4,0,9")).toBe(true);
  });
});

describe("long work", () => {
  it("reports every step", async () => {
    const events: ProgressEvent[] = [];
    await sampleImages(base, { onProgress: (event) => events.push(event) });
    expect(events.map(({ done }) => done)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(events[0]).toEqual({ task: "sampling", done: 1, total: 50, unit: "steps" });
  });

  it("stops at the next step when it is told to", async () => {
    const stop = new AbortController();
    const { predict: asked, fed } = recorded();
    const work = sampleImages(
      { ...base, predict: asked },
      { signal: stop.signal, onProgress: ({ done }) => done === 3 && stop.abort() },
    );
    await expect(work).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(fed).toHaveLength(3);
  });
});

describe("what makes no sense is refused", () => {
  it.each([
    [{ samples: [] }, "USAGE_INVALID", "no samples"],
    [{ sampler: { name: "ddim", eta: 1.5 } }, "USAGE_INVALID", "1.5"],
    [{ sampler: { name: "ddim", eta: Number.NaN } }, "USAGE_INVALID", "NaN"],
    [{ labels: Int32Array.of(1) }, "USAGE_INVALID", "3 samples have 1 labels"],
    [{ guidance: { gradient: predict, scale: Number.POSITIVE_INFINITY } }, "USAGE_INVALID", "Infinity"],
    [{ guidance: { gradient: predict, scale: 1 } }, "USAGE_INVALID", "gradient has 288 values where 144"],
    [{ kind: fixed }, "USAGE_INVALID", "modelOutput has 288 values where 144"],
  ] satisfies [Partial<SamplingOptions>, string, string][])("case %#: %j", async (wrong, code, said) => {
    const error = await sampleImages({ ...base, ...wrong }).catch((caught: DifftapError) => caught);
    expect(error).toMatchObject({ code, message: expect.stringContaining(said) });
  });

  it("a network that answers with NaN is named with its step", async () => {
    const broken: OfNoisyImages = async (x, timesteps) => {
      const output = await predict(x, timesteps, undefined);
      if (timesteps[0] === 900) output.data[5] = Number.NaN;
      return output;
    };
    await expect(sampleImages({ ...base, predict: broken })).rejects.toMatchObject({
      code: "NUMERIC",
      message: "the network's answer at step 45 holds NaN",
    });
  });
});
