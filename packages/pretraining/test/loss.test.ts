/** Losses against guided-diffusion's, against the float64 ones of the scheduler, and their gradients against differences. */
import { openWeights } from "@difftap/checkpoint";
import { normals, toFloat32 } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { createSchedule, type LossType, pretrainingLoss } from "@difftap/scheduler";
import { describeEngines } from "@difftap/testing/engines";
import { beforeAll, describe, expect, test } from "vitest";
import { coefficientsAt, type LossKind, noised, pretrainingLosses } from "../src/index.js";
import { fixturesAreMissing, fixturesNote, schedulerTensors } from "./fixtures.js";

const types = ["MSE", "RESCALED_MSE", "KL", "RESCALED_KL"] as const satisfies readonly LossType[];

interface Arrays {
  readonly xStart: Float32Array;
  readonly noise: Float32Array;
  readonly output: Float32Array;
  readonly shape: readonly number[];
}

function losses(
  steps: number,
  name: "linear" | "cosine",
  kind: LossKind,
  timesteps: number[],
  arrays: Arrays,
) {
  const schedule = createSchedule({ steps, schedule: name, rescaleTimesteps: false });
  const computed = () => {
    const shape = [...arrays.shape];
    const outputs = (arrays.output.length / arrays.xStart.length) * shape[1]!;
    const coefficients = coefficientsAt(schedule, kind, timesteps);
    return pretrainingLosses(schedule, kind, {
      xStart: tf.tensor(arrays.xStart, shape),
      noise: tf.tensor(arrays.noise, shape),
      output: tf.tensor(arrays.output, [shape[0]!, outputs, ...shape.slice(2)]),
      coefficients,
    });
  };
  return tf.tidy(() => {
    const found: [string, tf.Tensor][] = Object.entries(computed());
    const read = found.map(([key, value]) => [key, [...value.dataSync()]] as const);
    return Object.fromEntries(read) as unknown as tf.TensorContainerObject;
  }) as unknown as Record<string, number[]>;
}

function worst(found: readonly number[], expected: ArrayLike<number>): number {
  const largest = Math.max(...Array.from(expected, Math.abs));
  return Math.max(...found.map((value, i) => Math.abs(value - expected[i]!) / largest));
}

describe.skipIf(fixturesAreMissing)(`guided-diffusion's losses${fixturesNote}`, () => {
  describeEngines("on", () => {
    test.each(
      types.flatMap((type) =>
        (["linear", "cosine"] as const).flatMap((name) => [
          [type, name, 1000] as const,
          [type, name, 200] as const,
        ]),
      ),
    )("%s, %s, T = %i: within 1e-5 of the largest value", async (type, name, steps) => {
      const source = await openWeights(schedulerTensors);
      const read = async (key: string) => toFloat32(await source.read(key));
      const { shape } = await source.read("x_start");
      const given = steps === 1000 ? "timesteps" : `timesteps_${steps}`;
      const timesteps = [...(await source.read(given)).data].map(Number);
      const arrays = {
        shape,
        xStart: await read("x_start"),
        noise: await read("noise"),
        output: await read("model_output_6"),
      };
      const kind: LossKind = { prediction: "epsilon", variance: "LEARNED_RANGE", loss: type };
      const found = losses(steps, name, kind, timesteps, arrays);
      const key = `${name}${steps === 1000 ? "" : steps}.loss.${type}`;
      const terms = type.endsWith("MSE") ? ["loss", "mse", "vb"] : ["loss"];
      for (const term of terms) {
        expect(worst(found[term]!, await read(`${key}.${term}`)), term).toBeLessThan(1e-5);
      }
      await source.close();
    });
  });
});

const shape = [5, 3, 4, 4];
const count = 5 * 3 * 16;
const draw = (index: number, length = count) => normals({ seed: 8, stream: 1, index }, length);
const arrays: Arrays = {
  shape,
  xStart: draw(0).map((value) => Math.max(-1, Math.min(1, value))),
  noise: draw(1),
  output: draw(2, 2 * count).map((value) => value / 2),
};
const timesteps = [0, 1, 10, 500, 999];

/** The scheduler computes in the precision that its inputs are stored in. */
const inDouble = ({ xStart, noise, output }: Arrays) => ({
  xStart: Float64Array.from(xStart),
  noise: Float64Array.from(noise),
  modelOutput: Float64Array.from(output),
});

describe("losses in float64 say the same", () => {
  beforeAll(async () => {
    await selectEngine("cpu");
  });

  const named = { epsilon: "EPSILON", x_start: "START_X" } as const;
  const cases = (["epsilon", "x_start"] as const).flatMap((prediction) =>
    (["LEARNED", "LEARNED_RANGE", "FIXED_SMALL", "FIXED_LARGE"] as const).flatMap((variance) =>
      types.map((loss) => ({ prediction, variance, loss })),
    ),
  );
  test.each(cases)("$prediction, $variance, $loss", (kind) => {
    const learned = kind.variance.startsWith("LEARNED");
    const own = learned ? arrays : { ...arrays, output: arrays.output.slice(0, count) };
    const found = losses(1000, "linear", kind, timesteps, own);
    const schedule = createSchedule({ steps: 1000, schedule: "linear", rescaleTimesteps: false });
    const expected = pretrainingLoss(
      schedule,
      { mean: named[kind.prediction], variance: kind.variance },
      kind.loss,
      { ...inDouble(own), timesteps },
    );
    expect(worst(found.loss!, expected.loss)).toBeLessThan(2e-5);
  });

  test("v is ε and x_0 turned into each other", () => {
    const fixed = { variance: "FIXED_SMALL", loss: "KL" } as const;
    const schedule = createSchedule({ steps: 1000, schedule: "linear", rescaleTimesteps: false });
    const size = count / 5;
    const epsilon = arrays.output.slice(0, count);
    // v = √ᾱ·ε − √(1−ᾱ)·x_0 with the x_0 that this ε and x_t amount to.
    const v = epsilon.map((value, i) => {
      const t = timesteps[Math.floor(i / size)]!;
      const [signal, sigma] = [schedule.sqrtAlphasCumprod[t]!, schedule.sqrtOneMinusAlphasCumprod[t]!];
      const x = signal * arrays.xStart[i]! + sigma * arrays.noise[i]!;
      return signal * value - (sigma * (x - sigma * value)) / signal;
    });
    const one = losses(1000, "linear", { prediction: "epsilon", ...fixed }, timesteps, {
      ...arrays,
      output: epsilon,
    });
    const other = losses(1000, "linear", { prediction: "v", ...fixed }, timesteps, { ...arrays, output: v });
    expect(worst(other.loss!, one.loss!)).toBeLessThan(1e-4);
  });

  test("min-SNR caps what small noise weighs, for each prediction", () => {
    const schedule = createSchedule({ steps: 1000, schedule: "linear", rescaleTimesteps: false });
    const snr = timesteps.map((t) => schedule.alphasCumprod[t]! / (1 - schedule.alphasCumprod[t]!));
    const expected = {
      epsilon: snr.map((each) => Math.min(each, 5) / each),
      x_start: snr.map((each) => Math.min(each, 5)),
      v: snr.map((each) => Math.min(each, 5) / (each + 1)),
    };
    for (const [prediction, weights] of Object.entries(expected)) {
      const kind = { prediction, variance: "FIXED_SMALL", loss: "MSE", minSnr: 5 } as LossKind;
      const own = { ...arrays, output: arrays.output.slice(0, count) };
      const { loss, mse } = losses(1000, "linear", kind, timesteps, own);
      expect(
        worst(
          loss!,
          mse!.map((each, i) => each * weights[i]!),
        ),
        prediction,
      ).toBeLessThan(1e-5);
    }
  });

  test("channels that do not fit the variance are refused", () => {
    const kind = { prediction: "epsilon", variance: "FIXED_SMALL", loss: "MSE" } as const;
    expect(() => losses(1000, "linear", kind, timesteps, arrays)).toThrow(
      /puts out 6 channels, a variance FIXED_SMALL needs 3/,
    );
  });
});

test("a sample's loss does not depend on whether another one is at t = 0", async () => {
  await selectEngine("cpu");
  const kind = { prediction: "epsilon", variance: "LEARNED_RANGE", loss: "RESCALED_MSE" } as const;
  const beside = losses(1000, "linear", kind, [0, 5, 70, 300, 999], { ...arrays, shape });
  const without = losses(1000, "linear", kind, [1, 5, 70, 300, 999], { ...arrays, shape });
  for (const part of ["loss", "mse", "vb"]) expect(beside[part]!.slice(1)).toEqual(without[part]!.slice(1));
  expect(beside.vb![0]).not.toBe(without.vb![0]);
});

describe("gradients", () => {
  const schedule = createSchedule({ steps: 1000, schedule: "linear", rescaleTimesteps: false });

  /** Of the summed loss with respect to the output. */
  function gradient(kind: LossKind): Float32Array {
    const found = tf.tidy(() => {
      const [xStart, noise] = [tf.tensor(arrays.xStart, shape), tf.tensor(arrays.noise, shape)];
      const coefficients = coefficientsAt(schedule, kind, timesteps);
      const sum = (output: tf.Tensor) =>
        tf.sum(pretrainingLosses(schedule, kind, { xStart, noise, output, coefficients }).loss) as tf.Scalar;
      return tf.grad(sum)(tf.tensor(arrays.output, [5, 6, 4, 4]));
    });
    return found.dataSync() as Float32Array;
  }

  test.each(["onnxruntime", "cpu"])(
    "follow differences of the float64 loss, and the mean of the variational term is detached: %s",
    async (engine) => {
      await selectEngine(engine);
      const own = gradient({ prediction: "epsilon", variance: "LEARNED_RANGE", loss: "KL" });
      const hybrid = gradient({ prediction: "epsilon", variance: "LEARNED_RANGE", loss: "MSE" });
      const kind = { mean: "EPSILON", variance: "LEARNED_RANGE" } as const;
      const step = 1e-5;
      const difference = (i: number) => {
        const at = (by: number) => {
          const modelOutput = Float64Array.from(arrays.output, (value, j) => (j === i ? value + by : value));
          const { xStart, noise } = arrays;
          const given = {
            xStart: Float64Array.from(xStart),
            noise: Float64Array.from(noise),
            modelOutput,
            timesteps,
          };
          return pretrainingLoss(schedule, kind, "KL", given).loss.reduce((sum, each) => sum + each, 0);
        };
        return (at(step) - at(-step)) / (2 * step);
      };
      const size = 6 * 16;
      for (const i of [
        3,
        60,
        size + 5,
        size + 70,
        2 * size + 1,
        3 * size + 90,
        4 * size + 40,
        4 * size + 95,
      ]) {
        const expected = difference(i);
        expect(Math.abs(own[i]! - expected), `KL at ${i}`).toBeLessThan(1e-3 * Math.abs(expected) + 1e-6);
        const mean = i % size < size / 2;
        const [sample, place] = [Math.floor(i / size), i % size];
        const mse = mean ? (2 * (arrays.output[i]! - arrays.noise[sample * 48 + place]!)) / 48 : 0;
        const wanted = mean ? mse : expected;
        expect(Math.abs(hybrid[i]! - wanted), `hybrid at ${i}`).toBeLessThan(1e-3 * Math.abs(wanted) + 1e-6);
      }
    },
  );

  test("noised is √ᾱ·x_0 + √(1−ᾱ)·ε", async () => {
    await selectEngine("cpu");
    const kind = { prediction: "epsilon", variance: "FIXED_SMALL", loss: "MSE" } as const;
    const coefficients = coefficientsAt(schedule, kind, timesteps);
    const x = noised({
      xStart: tf.tensor(arrays.xStart, shape),
      noise: tf.tensor(arrays.noise, shape),
      coefficients,
    });
    const values = x.dataSync();
    const expected =
      schedule.sqrtAlphasCumprod[10]! * arrays.xStart[100]! +
      schedule.sqrtOneMinusAlphasCumprod[10]! * arrays.noise[100]!;
    expect(values[100]).toBeCloseTo(expected, 6);
  });
});
