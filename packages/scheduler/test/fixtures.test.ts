/** Parity with guided-diffusion: every key of every fixture is computed and compared, and none may be left over. */
import { describe, expect, it } from "vitest";
import {
  type Batch,
  createSchedule,
  ddimReverseStep,
  ddimStep,
  ddpmStep,
  type LossType,
  type MeanType,
  type ModelKind,
  pMeanVariance,
  pretrainingLoss,
  qPosterior,
  qSample,
  respace,
  type Schedule,
  type ScheduleName,
  spaceTimesteps,
  type VarianceType,
} from "../src/index.js";
import { fixturesMissing, readJson, readTensors, type Tensors, unlessMissing } from "./safetensors.js";

const tables: Tensors = fixturesMissing ? new Map() : readTensors("tables.safetensors");
const tensors: Tensors = fixturesMissing ? new Map() : readTensors("tensors.safetensors");

/** How the inputs are stored: the fixtures are float64; a network's tensors are float32. */
type Storage = typeof Float64Array | typeof Float32Array;

const schedule = (name: ScheduleName, steps = 1000) =>
  createSchedule({ schedule: name, steps, rescaleTimesteps: false });

/** The largest error relative to each expected value. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  return Array.from(expected).reduce((worst, value, i) => {
    const difference = Math.abs(actual[i]! - value);
    // NaN must not pass for agreement.
    return Math.max(worst, difference === 0 ? 0 : difference / Math.abs(value));
  }, 0);
}

/** The largest error over the expected tensor's largest value. */
function errorOverLargest(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  const largest = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference = Array.from(expected).reduce(
    (most, value, i) => Math.max(most, Math.abs(actual[i]! - value)),
    0,
  );
  return difference === 0 ? 0 : difference / largest;
}

const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

describe.skipIf(fixturesMissing)(`tables${unlessMissing}`, () => {
  it.each([
    ["linear", 1e-12],
    ["cosine", 1e-10],
  ] as const)("of %s schedules, to %d relative", (name, tolerance) => {
    const keys = [...tables.keys()].filter((key) => key.startsWith(name));
    expect(keys.length).toBe(26);
    for (const key of keys) {
      const [, steps, table] = key.split(".") as [string, string, string];
      const made = schedule(name, Number(steps))[camelCase(table) as keyof Schedule] as Float64Array;
      expect(relativeError(made, tables.get(key)!), key).toBeLessThanOrEqual(tolerance);
    }
  });

  it("are all compared", () => {
    expect([...tables.keys()].every((key) => /^(linear|cosine)\./.test(key))).toBe(true);
  });
});

interface RespacingFixture {
  cases: { schedule: ScheduleName; steps: number; sections: string; timesteps: number[]; betas: number[] }[];
  invalid: { steps: number; sections: string }[];
}

const respacing: RespacingFixture = fixturesMissing ? { cases: [], invalid: [] } : readJson("respacing.json");

describe.skipIf(fixturesMissing)(`respacing${unlessMissing}`, () => {
  it.each(respacing.cases)(
    "$sections of $steps $schedule",
    ({ schedule: name, steps, sections, timesteps, betas }) => {
      expect(spaceTimesteps(steps, sections)).toEqual(timesteps);
      const spaced = respace(schedule(name, steps), sections);
      expect(Array.from(spaced.networkTimesteps)).toEqual(timesteps);
      expect(relativeError(spaced.betas, betas)).toBeLessThanOrEqual(name === "linear" ? 1e-12 : 1e-10);
    },
  );

  it.each(respacing.invalid)("$sections of $steps is refused", ({ steps, sections }) => {
    expect(() => spaceTimesteps(steps, sections)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });

  it("has as many cases as the fixture was made with", () => {
    expect([respacing.cases.length, respacing.invalid.length]).toEqual([8, 3]);
  });
});

const means: readonly MeanType[] = ["EPSILON", "START_X", "PREVIOUS_X"];
const variances: readonly VarianceType[] = ["FIXED_SMALL", "FIXED_LARGE", "LEARNED", "LEARNED_RANGE"];
const losses: readonly LossType[] = ["MSE", "RESCALED_MSE", "KL", "RESCALED_KL"];

type Input = (name: string) => Batch;
type Computed = Record<string, ArrayLike<number> | undefined>;

function forward(name: ScheduleName, input: Input): Computed {
  const process = schedule(name);
  const xT = qSample(process, input("x_start"), input("noise"), input("timesteps"));
  const { mean, variance, logVariance } = qPosterior(process, input("x_start"), xT, input("timesteps"));
  return {
    [`${name}.q_sample`]: xT,
    [`${name}.q_posterior.mean`]: mean,
    [`${name}.q_posterior.variance`]: variance,
    [`${name}.q_posterior.log_variance`]: logVariance,
  };
}

function reverse(name: ScheduleName, kind: ModelKind, input: Input): Computed {
  const process = schedule(name);
  const modelOutput = input(kind.variance.startsWith("LEARNED") ? "model_output_6" : "model_output_3");
  const answer = { x: input(`${name}.q_sample`), modelOutput, timesteps: input("timesteps") };
  const noise = input("step_noise");
  const prefix = `${name}.${kind.mean}.${kind.variance}`;
  const computed: Computed = {
    [`${prefix}.ddpm.sample`]: ddpmStep(process, kind, { ...answer, noise }).sample,
  };
  for (const clip of [true, false]) {
    const made = pMeanVariance(process, kind, { ...answer, clip });
    const key = `${prefix}.${clip ? "clip" : "noclip"}`;
    computed[`${key}.mean`] = made.mean;
    computed[`${key}.variance`] = made.variance;
    computed[`${key}.log_variance`] = made.logVariance;
    computed[`${key}.pred_xstart`] = made.predictedXStart;
  }
  if (kind.mean !== "EPSILON") return computed;
  computed[`${prefix}.ddim_reverse.sample`] = ddimReverseStep(process, kind, answer).sample;
  for (const eta of [0, 0.5, 1]) {
    computed[`${prefix}.ddim.eta${eta.toFixed(1)}.sample`] = ddimStep(process, kind, {
      ...answer,
      eta,
      noise,
    }).sample;
  }
  return computed;
}

function loss(name: ScheduleName, steps: 200 | 1000, type: LossType, input: Input): Computed {
  const kind: ModelKind = { mean: "EPSILON", variance: "LEARNED_RANGE" };
  const made = pretrainingLoss(schedule(name, steps), kind, type, {
    xStart: input("x_start"),
    noise: input("noise"),
    modelOutput: input("model_output_6"),
    timesteps: input(steps === 200 ? "timesteps_200" : "timesteps"),
  });
  const prefix = `${name}${steps === 200 ? "200" : ""}.loss.${type}`;
  const computed: Computed = { [`${prefix}.loss`]: made.loss };
  if (made.mse) computed[`${prefix}.mse`] = made.mse;
  if (made.vb) computed[`${prefix}.vb`] = made.vb;
  return computed;
}

const INPUTS = "x_start noise step_noise model_output_3 model_output_6 timesteps timesteps_200".split(" ");

/** The specification asks for 1e-5 of the largest value; float64 is held to what it reaches on any engine. */
const storages = [
  { storage: Float64Array, tolerance: 1e-10 },
  { storage: Float32Array, tolerance: 1e-5 },
] as const;

describe.skipIf(fixturesMissing).each(storages)(
  `tensors${unlessMissing}: $storage.name`,
  ({ storage, tolerance }) => {
    const input: Input = (name) => (storage as Storage).from(tensors.get(name)!);
    const compared = new Set(INPUTS);
    const compare = (computed: Computed) => {
      for (const [key, actual] of Object.entries(computed)) {
        const expected = tensors.get(key);
        expect(expected, key).toBeDefined();
        expect(errorOverLargest(actual!, expected!), key).toBeLessThanOrEqual(tolerance);
        compared.add(key);
      }
    };

    describe.each(["linear", "cosine"] as const)("%s", (name) => {
      it("forward process and posterior", () => compare(forward(name, input)));

      for (const mean of means) {
        it.each(variances)(`${mean} with %s: mean, variance, steps`, (variance) =>
          compare(reverse(name, { mean, variance }, input)),
        );
      }

      it.each(losses)("loss %s of 1000 steps", (type) => compare(loss(name, 1000, type, input)));
      it.each(losses)("loss %s of 200 steps", (type) => compare(loss(name, 200, type, input)));
    });

    it("are all compared", () => {
      expect([...tensors.keys()].filter((key) => !compared.has(key))).toEqual([]);
    });
  },
);
