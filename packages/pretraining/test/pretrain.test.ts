/** Whole pretrainings: resumed, in parts, averaged, broken, and one that learns. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NdArray, ndarray } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import type { Tensors } from "@difftap/trainer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  checkpointWeights,
  drawSamples,
  memoryImages,
  type PretrainOptions,
  pretrain,
} from "../src/index.js";
import { denoiser, pictures, recipe, SIZE, schedule } from "./denoiser.js";

const root = mkdtempSync(join(tmpdir(), "pretraining-"));
const source = pictures(14);

beforeAll(async () => {
  await selectEngine("cpu");
});
afterAll(() => rmSync(root, { recursive: true }));

async function run(changed: Partial<PretrainOptions> = {}) {
  const model = denoiser();
  try {
    const result = await pretrain({ model, schedule, source, recipe, ...changed });
    return { ...result, own: model.weights() };
  } finally {
    model.dispose();
  }
}

const flat = (tensors: Tensors) => Object.values(tensors).flatMap(({ data }) => [...(data as Float32Array)]);

function worst(a: readonly number[], b: readonly number[]): number {
  const largest = Math.max(...b.map(Math.abs));
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / largest;
}

const metricsOf = (name: string) => readFileSync(join(root, name, "metrics.jsonl"), "utf8");
const linesOf = (name: string) =>
  metricsOf(name)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("resuming", () => {
  test.each([1, 4, 11])(
    "after an interruption at step %i ends in the same bits and the same log",
    async (step) => {
      const whole = await run({ folder: join(root, `whole-${step}`), checkpointEvery: { steps: 5 } });
      const controller = new AbortController();
      const interrupted = run({
        folder: join(root, `cut-${step}`),
        checkpointEvery: { steps: 5 },
        signal: controller.signal,
        onProgress: ({ done }) => done === step && controller.abort(),
      });
      await expect(interrupted).rejects.toMatchObject({ code: "INTERRUPTED" });
      const resumed = await run({ folder: join(root, `cut-${step}`), checkpointEvery: { steps: 5 } });
      expect(resumed.resumedFrom).toBe(step);
      expect(resumed.own).toEqual(whole.own);
      expect(resumed.averages).toEqual(whole.averages);
      expect(metricsOf(`cut-${step}`)).toBe(metricsOf(`whole-${step}`));
    },
  );

  test("checkpoints: the newest two, and every so many", async () => {
    const often = { checkpointEvery: { steps: 1 }, keepEvery: { steps: 5 } } as const;
    await run({ folder: join(root, "kept"), ...often });
    const kept = readdirSync(join(root, "kept", "checkpoints")).filter((name) => name.endsWith(".json"));
    expect(kept.sort()).toEqual([5, 10, 11, 12].map((step) => `step-${String(step).padStart(8, "0")}.json`));
  });

  test("a checkpoint gives the weights that a further training begins from: the first average", async () => {
    const { checkpoint, averages, weights } = await run({ folder: join(root, "begun") });
    expect(await checkpointWeights(checkpoint!)).toEqual(averages[0]!.weights);
    const plain = await run({ folder: join(root, "plain"), recipe: { ...recipe, ema: [] } });
    expect(plain.weights).toEqual(weights);
    expect(await checkpointWeights(plain.checkpoint!)).toEqual(weights);
  });

  test("another recipe, network or set is refused by name; another number of parts is not", async () => {
    const folder = join(root, "other");
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }) => done === 3 && controller.abort();
    await expect(run({ folder, signal: controller.signal, onProgress })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    await expect(run({ folder, recipe: { ...recipe, learningRate: 1 } })).rejects.toThrow(
      /learningRate was 0.002, is 1/,
    );
    await expect(run({ folder, source: pictures(15) })).rejects.toThrow(/samples was 14, is 15/);
    expect((await run({ folder, recipe: { ...recipe, accumulate: 2 } })).resumedFrom).toBe(3);
  });
});

describe("a step", () => {
  test("in four parts is the step of the whole batch", async () => {
    const [one, four] = [await run(), await run({ recipe: { ...recipe, accumulate: 4 } })];
    expect(worst(four.own, one.own)).toBeLessThan(1e-5);
    expect(worst(flat(four.averages[0]!.weights), flat(one.averages[0]!.weights))).toBeLessThan(1e-5);
  });

  test("needs a batch that its parts divide, of at most the set", async () => {
    await expect(run({ recipe: { ...recipe, accumulate: 3 } })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
    await expect(run({ recipe: { ...recipe, batch: 15 } })).rejects.toThrow(
      /batch 15 is larger than the set of 14/,
    );
  });

  test("logs loss, squared error, bits, rate and gradient norm; a short last batch is dropped", async () => {
    await run({ folder: join(root, "log") });
    const lines = linesOf("log");
    expect(lines.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(lines[2].epoch).toBe(1);
    for (const { values } of lines) {
      expect(values.loss).toBeCloseTo(values.mse + values.vb, 5);
      expect(values.gradientNorm).toBeGreaterThan(0);
    }
    expect(lines.map(({ values }) => values.learningRate).slice(0, 3)).toEqual([0.001, 0.002, 0.002]);
    expect(lines.at(-1).values.learningRate).toBeCloseTo(0.02 * 0.002, 12);
  });
});

describe("averages", () => {
  test("of several rates follow the weights as a recomputation says", async () => {
    const after: number[][] = [];
    for (const steps of [1, 2, 3]) {
      after.push(
        (
          await run({
            recipe: { ...recipe, schedule: { kind: "constant" }, warmUp: undefined, duration: { steps } },
          })
        ).own,
      );
    }
    const start = denoiser();
    const expected = [0, 1].map((index) => {
      const { decay, warmUp } = recipe.ema[index]!;
      return after.reduce((average, weights, done) => {
        const now = warmUp ? Math.min(decay, (2 + done) / (11 + done)) : decay;
        return average.map((value, i) => now * value + (1 - now) * weights[i]!);
      }, start.weights());
    });
    start.dispose();
    const { averages } = await run({
      recipe: { ...recipe, schedule: { kind: "constant" }, warmUp: undefined, duration: { steps: 3 } },
    });
    averages.forEach(({ weights, decay }, index) => {
      expect(decay).toBe(recipe.ema[index]!.decay);
      expect(worst(flat(weights), expected[index]!)).toBeLessThan(1e-6);
    });
  });
});

describe("pictures in the course of training", () => {
  const grids = async (name: string, changed: Partial<PretrainOptions> = {}) => {
    const found = new Map<number, NdArray<"uint8">>();
    const write = async (step: number, images: NdArray<"uint8">) => void found.set(step, images);
    const samples = { every: { steps: 5 }, count: 3, steps: 4, seed: 1, size: SIZE, write };
    const result = await run({ folder: join(root, name), samples, ...changed });
    return { found, result };
  };

  test("come every so many steps and at the end, by the first average, and leave the training alone", async () => {
    const { found, result } = await grids("grids");
    expect([...found.keys()]).toEqual([5, 10, 12]);
    expect(found.get(5)!.shape).toEqual([3, 3, SIZE, SIZE]);
    expect(found.get(5)).not.toEqual(found.get(12));
    expect(result.own).toEqual((await run()).own);
    const model = denoiser();
    const weights = result.averages[0]!.weights;
    for (const [name, variable] of model.variables) {
      tf.tidy(() => variable.assign(tf.tensor(weights[name]!.data as Float32Array, variable.shape)));
    }
    const choice = {
      model,
      schedule,
      recipe: { prediction: "epsilon", variance: "LEARNED_RANGE" },
      count: 3,
      steps: 4,
      seed: 1,
      size: SIZE,
    } as const;
    expect(await drawSamples(choice)).toEqual(found.get(12));
    model.dispose();
  });
});

describe("broken trainings stop", () => {
  test("with step, learning rate and last good checkpoint", async () => {
    const folder = join(root, "diverged");
    const wild = {
      ...recipe,
      optimizer: { kind: "sgd" },
      clipNorm: undefined,
      learningRate: 1e12,
      warmUp: { steps: 6 },
    } as const;
    const failing = run({ folder, recipe: wild, checkpointEvery: { steps: 1 } });
    await expect(failing).rejects.toMatchObject({
      code: "NUMERIC",
      message: expect.stringMatching(
        /at step \d+ .*learning rate .*training diverged; last good checkpoint: /,
      ),
    });
  });

  test("on a NaN in a weight, which never reaches a checkpoint", async () => {
    const model = denoiser();
    const poison = ({ done }: { done: number }) => {
      if (done === 6) tf.tidy(() => model.variables.get("out.bias")!.assign(tf.fill([6], Number.NaN)));
    };
    const folder = join(root, "poisoned");
    const failing = pretrain({
      model,
      schedule,
      source,
      recipe,
      folder,
      checkpointEvery: { steps: 2 },
      onProgress: poison,
    });
    await expect(failing).rejects.toMatchObject({
      code: "NUMERIC",
      message: expect.stringMatching(/at step 7 .*last good checkpoint: .*step-00000006\.json$/),
      details: { step: 7, learningRate: expect.any(Number) },
    });
    model.dispose();
  });

  test("on classes that a network does not have", async () => {
    const model = { ...denoiser(), classes: 2 };
    await expect(pretrain({ model, schedule, source, recipe })).rejects.toMatchObject({
      code: "LABELS_MISMATCH",
    });
  });
});

describe("a tiny network", () => {
  test.each(["epsilon", "x_start", "v"] as const)("learns a few pictures, %s", async (prediction) => {
    await selectEngine("onnxruntime");
    const images = ndarray("uint8", [2, 3, SIZE, SIZE], new Uint8Array(2 * 3 * SIZE * SIZE).fill(220));
    const own = {
      ...recipe,
      prediction,
      loss: "MSE",
      variance: "FIXED_LARGE",
      timesteps: "uniform",
      learningRate: 2e-2,
      warmUp: undefined,
      batch: 2,
      duration: { steps: 250 },
    } as const;
    const folder = join(root, prediction);
    const model = denoiser(3);
    await pretrain({ model, schedule, source: memoryImages(images, new Int32Array(2)), recipe: own, folder });
    model.dispose();
    const losses = linesOf(prediction).map(({ values }) => values.mse as number);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(losses.slice(-30))).toBeLessThan(0.4 * mean(losses.slice(0, 10)));
    await selectEngine("cpu");
  });
});
