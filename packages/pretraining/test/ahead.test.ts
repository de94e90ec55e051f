/** On an engine that computes aside a step is recorded before the numbers of the one before it are there; nothing else may change. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Denoiser, type ImageSource, type PretrainOptions, pretrain } from "../src/index.js";
import { denoiser, recipe as learning, pictures, SIZE, schedule } from "./denoiser.js";

const root = mkdtempSync(join(tmpdir(), "pretraining-ahead-"));
/** Ten steps an epoch; timesteps that do not depend on the losses. */
const source = pictures(40);
const recipe = { ...learning, timesteps: "uniform", duration: { steps: 14 } } as const;

beforeAll(async () => {
  await selectEngine("onnxruntime");
});
afterAll(() => rmSync(root, { recursive: true }));

type Changed = Partial<PretrainOptions> & { readonly spoil?: (output: tf.Tensor, step: number) => tf.Tensor };

/** Trains in a folder of this name, and tells what was begun and what was done in which order. */
async function run(name: string, { spoil = (output) => output, ...changed }: Changed = {}) {
  const [own, events] = [denoiser(), [] as string[]];
  let forwards = 0;
  const model: Denoiser = {
    ...own,
    forward(inputs, options) {
      const output = own.forward(inputs, options);
      if (!options.training) return output;
      forwards += 1;
      events.push(`begin ${forwards}`);
      return spoil(output, forwards);
    },
  };
  const onProgress: PretrainOptions["onProgress"] = (event) => {
    if (event.task !== "training") return;
    events.push(`done ${event.done}`);
    changed.onProgress?.(event);
  };
  const folder = join(root, name);
  try {
    const result = await pretrain({ model, schedule, source, recipe, folder, ...changed, onProgress });
    return { events, weights: own.weights(), averages: result.averages, resumedFrom: result.resumedFrom };
  } catch (error) {
    throw Object.assign(error as Error, { events });
  } finally {
    own.dispose();
  }
}

const metricsOf = (name: string) => readFileSync(join(root, name, "metrics.jsonl"), "utf8");
const stepsOf = (name: string) => {
  const text = metricsOf(name).trim();
  return text === "" ? [] : text.split("\n").map((line) => JSON.parse(line).step);
};
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);
const hasCheckpoint = (name: string, step: number) =>
  existsSync(join(root, name, "checkpoints", `step-${String(step).padStart(8, "0")}.json`));

/** What is begun and done where each step waits for its numbers. */
const oneByOne = (last: number) => upTo(last).flatMap((step) => [`begin ${step}`, `done ${step}`]);

describe("a step", () => {
  test("is begun before the one before it is done, but after samples, checkpoints and epochs", async () => {
    const written: string[] = [];
    const write = async (step: number) => void written.push(`samples ${step}`);
    const samples = { every: { steps: 4 }, count: 1, steps: 2, seed: 1, size: SIZE, write };
    const { events } = await run("order", { samples, checkpointEvery: { steps: 7 } });
    const runs = [[1, 2, 3, 4], [5, 6, 7], [8], [9, 10], [11, 12], [13, 14]];
    expect(events).toEqual(
      runs.flatMap((steps) => [
        `begin ${steps[0]}`,
        ...steps.slice(1).flatMap((step) => [`begin ${step}`, `done ${step - 1}`]),
        `done ${steps.at(-1)}`,
      ]),
    );
    expect(written).toEqual([4, 8, 12, 14].map((step) => `samples ${step}`));
  });

  test("waits for timesteps that learn, and on an engine that computes at once", async () => {
    const aware = await run("aware", { recipe: { ...recipe, timesteps: "loss-second-moment" } });
    expect(aware.events).toEqual(oneByOne(14));
    await selectEngine("cpu");
    expect((await run("at-once")).events).toEqual(oneByOne(14));
    await selectEngine("onnxruntime");
  });

  test.each([1, 2])("ends in the bits and lines of one that waits, in %i parts", async (accumulate) => {
    const own = { ...recipe, accumulate };
    const ahead = await run(`ahead-${accumulate}`, { recipe: own });
    const waiting = await run(`waiting-${accumulate}`, { recipe: own, checkpointEvery: { steps: 1 } });
    expect(ahead.events).not.toEqual(waiting.events);
    expect(ahead.weights).toEqual(waiting.weights);
    expect(ahead.averages).toEqual(waiting.averages);
    expect(metricsOf(`ahead-${accumulate}`)).toBe(metricsOf(`waiting-${accumulate}`));
    expect(stepsOf(`ahead-${accumulate}`)).toEqual(upTo(14));
  });
});

describe("what ends a training early", () => {
  test.each([
    ["one further on", 2, 3],
    ["there at a pause", 10, 10],
    ["one further on", 11, 12],
  ])("by a signal lets it go on %s: at step %i from step %i", async (_, step, from) => {
    const name = `cut-${step}`;
    const whole = await run(`whole-${step}`);
    const controller = new AbortController();
    const onProgress: PretrainOptions["onProgress"] = ({ done }) => done === step && controller.abort();
    await expect(run(name, { signal: controller.signal, onProgress })).rejects.toMatchObject({
      code: "INTERRUPTED",
      details: { step: from },
    });
    const resumed = await run(name);
    expect(resumed.resumedFrom).toBe(from);
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.averages).toEqual(whole.averages);
    expect(metricsOf(name)).toBe(metricsOf(`whole-${step}`));
  });

  test.each([
    ["one further on", 2, 3],
    ["there at a pause", 10, 10],
  ])("by what is told of it lets it go on %s: at step %i from step %i", async (_, step, from) => {
    const name = `told-${step}`;
    const whole = await run(`whole-told-${step}`);
    const onProgress: PretrainOptions["onProgress"] = ({ done }) => {
      if (done === step) throw new DifftapError("INTERRUPTED", "seen enough");
    };
    const failing = run(name, { onProgress });
    await expect(failing).rejects.toMatchObject({ code: "INTERRUPTED", details: { step: from } });
    const { events } = await failing.catch((error) => error);
    expect(events.at(-1)).toBe(`done ${from}`);
    const resumed = await run(name);
    expect(resumed.resumedFrom).toBe(from);
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.averages).toEqual(whole.averages);
    expect(metricsOf(name)).toBe(metricsOf(`whole-told-${step}`));
  });

  test.each([7, 8, 10])("by a broken loss names step %i, and nothing behind it is written", async (step) => {
    const name = `broken-${step}`;
    const spoil = (output: tf.Tensor, at: number) => (at === step ? tf.mul(output, Number.NaN) : output);
    const failing = run(name, { spoil, checkpointEvery: { steps: 5 } });
    await expect(failing).rejects.toMatchObject({
      code: "NUMERIC",
      message: expect.stringMatching(/last good checkpoint: .*step-00000005\.json$/),
      details: { step, learningRate: expect.any(Number) },
    });
    const { events } = await failing.catch((error) => error);
    expect(events.filter((each: string) => each.startsWith("done"))).toEqual(
      upTo(step - 1).map((each) => `done ${each}`),
    );
    expect(stepsOf(name)).toEqual(upTo(step - 1));
    expect([hasCheckpoint(name, 5), hasCheckpoint(name, 10)]).toEqual([true, false]);
  });

  test("by a source that fails counts the step before", async () => {
    const failing: ImageSource = {
      ...source,
      async *batches(indices, options) {
        let given = 0;
        for await (const batch of source.batches(indices, options)) {
          given += 1;
          if (given === 6) throw new DifftapError("READ_FAILED", "the disk is gone");
          yield batch;
        }
      },
    };
    await expect(run("source", { source: failing })).rejects.toMatchObject({ code: "READ_FAILED" });
    expect(stepsOf("source")).toEqual(upTo(5));
  });
});

test("no tensor stays behind", async () => {
  const held = tf.memory().numTensors;
  await run("tensors");
  const spoil = (output: tf.Tensor, at: number) => (at === 4 ? tf.mul(output, Number.NaN) : output);
  await expect(run("tensors-broken", { spoil })).rejects.toThrow("step 4");
  expect(tf.memory().numTensors).toBe(held);
});
