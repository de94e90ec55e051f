/** On an engine that computes aside a step is recorded before the numbers of the one before it are there; nothing else may change. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DifftapError } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  latestCheckpoint,
  type TrainManyOptions,
  type TrainOptions,
  train,
  trainMany,
} from "../src/index.js";
import { CLASSES, fullRecipe, learnable, linearModel } from "./model.js";

const root = mkdtempSync(join(tmpdir(), "trainer-ahead-"));
/** Five steps an epoch. */
const { source } = learnable(70);
const validation = learnable(20, 2).source;
const recipe = { ...fullRecipe, duration: { steps: 12 } } as const;

beforeAll(async () => {
  await selectEngine("onnxruntime");
});
afterAll(() => rmSync(root, { recursive: true }));

type Spoil = (logits: tf.Tensor2D, step: number) => tf.Tensor2D;

/** A model that says when it takes a step. */
function told(events: string[], spoil: Spoil = (logits) => logits) {
  const own = linearModel();
  const forward: typeof own.forward = (features, options) => {
    const logits = own.forward(features, options);
    if (!options.training) return logits;
    events.push(`begin ${options.step! + 1}`);
    return spoil(logits, options.step! + 1);
  };
  return { ...own, forward };
}

async function run(name: string, changed: Partial<TrainOptions> & { spoil?: Spoil } = {}) {
  const events: string[] = [];
  const model = told(events, changed.spoil);
  const onProgress: TrainOptions["onProgress"] = (event) => {
    events.push(event.task === "training" ? `done ${event.done}` : "evaluated");
    changed.onProgress?.(event);
  };
  const folder = join(root, name);
  try {
    const { evaluation, best, resumedFrom } = await train({
      ...{ model, source, validation, recipe, folder },
      ...changed,
      onProgress,
    });
    return { events, weights: model.weights(), evaluation, best, resumedFrom };
  } finally {
    model.dispose();
  }
}

const metricsOf = (name: string) => readFileSync(join(root, name, "metrics.jsonl"), "utf8");
const stepsOf = (name: string) =>
  metricsOf(name)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ split }) => split === "train")
    .map(({ step }) => step);
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

/** Runs of steps of which each is begun before the one before it is done. */
const inRuns = (runs: number[][]) =>
  runs.flatMap((steps) => [
    `begin ${steps[0]}`,
    ...steps.slice(1).flatMap((step) => [`begin ${step}`, `done ${step - 1}`]),
    `done ${steps.at(-1)}`,
  ]);

describe("a step", () => {
  test("is begun before the one before it is done, but after evaluations, checkpoints and epochs", async () => {
    const { events } = await run("order", { evaluateEvery: { steps: 4 }, checkpointEvery: { steps: 7 } });
    const runs = [[1, 2, 3, 4], [5], [6, 7], [8], [9, 10], [11, 12]];
    expect(events.filter((each) => each !== "evaluated")).toEqual(inRuns(runs));
    for (const step of [4, 8, 12]) expect(events[events.indexOf(`done ${step}`) + 1]).toBe("evaluated");
  });

  test("waits on an engine that computes at once", async () => {
    await selectEngine("cpu");
    const { events } = await run("at-once", { validation: undefined });
    expect(events).toEqual(inRuns(upTo(12).map((step) => [step])));
    await selectEngine("onnxruntime");
  });

  test("ends in the bits and lines of one that waits", async () => {
    const { events, ...ahead } = await run("ahead");
    const { events: others, ...waiting } = await run("waiting", { checkpointEvery: { steps: 1 } });
    expect(events).not.toEqual(others);
    expect(ahead).toEqual(waiting);
    expect(metricsOf("ahead")).toBe(metricsOf("waiting"));
  });
});

describe("what ends a training early", () => {
  test.each([
    ["one further on", 2, 3],
    ["there at a pause", 5, 5],
    ["one further on", 8, 9],
  ])("by a signal lets it go on %s: at step %i from step %i", async (_, step, from) => {
    const whole = await run(`whole-${step}`);
    const controller = new AbortController();
    const onProgress: TrainOptions["onProgress"] = ({ task, done }) => {
      if (task === "training" && done === step) controller.abort();
    };
    const stopped = run(`cut-${step}`, { signal: controller.signal, onProgress });
    await expect(stopped).rejects.toMatchObject({ code: "INTERRUPTED", details: { step: from } });
    const resumed = await run(`cut-${step}`);
    expect(resumed).toMatchObject({ weights: whole.weights, best: whole.best, resumedFrom: from });
    expect(metricsOf(`cut-${step}`)).toBe(metricsOf(`whole-${step}`));
  });

  test.each([
    ["one further on", 2, 3],
    ["there at a pause", 5, 5],
  ])("by what is told of it lets it go on %s: at step %i from step %i", async (_, step, from) => {
    const whole = await run(`whole-told-${step}`);
    const onProgress: TrainOptions["onProgress"] = ({ task, done }) => {
      if (task === "training" && done === step) throw new DifftapError("INTERRUPTED", "seen enough");
    };
    const stopped = run(`told-${step}`, { onProgress });
    await expect(stopped).rejects.toMatchObject({ code: "INTERRUPTED", details: { step: from } });
    const resumed = await run(`told-${step}`);
    expect(resumed).toMatchObject({ weights: whole.weights, best: whole.best, resumedFrom: from });
    expect(metricsOf(`told-${step}`)).toBe(metricsOf(`whole-told-${step}`));
  });

  test.each([7, 8, 10])("by a broken loss names step %i, and nothing behind it is written", async (step) => {
    const spoil: Spoil = (logits, at) => (at === step ? tf.mul(logits, Number.NaN) : logits);
    await expect(run(`broken-${step}`, { spoil })).rejects.toMatchObject({
      code: "NUMERIC",
      message: expect.stringMatching(/last good checkpoint: .*step-00000005\.json$/),
      details: { step },
    });
    expect(stepsOf(`broken-${step}`)).toEqual(upTo(step - 1));
    expect((await latestCheckpoint(join(root, `broken-${step}`, "checkpoints")))!.step).toBe(5);
  });

  test("by broken features names them and their step", async () => {
    const { x, source: broken } = learnable(70);
    const spoilt: TrainOptions["source"] = {
      ...broken,
      async *batches(indices, options) {
        let given = 0;
        for await (const batch of broken.batches(indices, options)) {
          given += 1;
          if (given === 3) batch.features.x!.data[0] = Number.NaN;
          yield batch;
        }
      },
    };
    expect(x.data.every(Number.isFinite)).toBe(true);
    await expect(run("features", { source: spoilt })).rejects.toMatchObject({
      code: "NUMERIC",
      details: { tap: "x", step: 3 },
    });
    expect(stepsOf("features")).toEqual([1, 2]);
  });

  test("by a label without a logit counts the step before", async () => {
    const { source: wrong } = learnable(70);
    const spoilt: TrainOptions["source"] = {
      ...wrong,
      async *batches(indices, options) {
        let given = 0;
        for await (const batch of wrong.batches(indices, options)) {
          given += 1;
          yield given === 4 ? { ...batch, labels: batch.labels.map(() => CLASSES) } : batch;
        }
      },
    };
    await expect(run("labels", { source: spoilt })).rejects.toMatchObject({ code: "LABELS_MISMATCH" });
    expect(stepsOf("labels")).toEqual([1, 2, 3]);
  });
});

describe("models that are trained together", () => {
  const many = async (name: string, changed: Partial<TrainManyOptions> = {}) => {
    const spoil: Spoil = (logits, at) => (at >= 3 ? tf.mul(logits, Number.NaN) : logits);
    const models = [
      { name: "sound", model: told([]) },
      { name: "broken", model: told([], spoil) },
      { name: "adamw", model: told([]), recipe: { optimizer: { kind: "adamw" } } as const },
    ];
    const folder = join(root, name);
    const result = await trainMany({ models, source, validation, recipe, folder, ...changed });
    const weights = models.map(({ model }) => model.weights());
    return { models: result.models, weights: [weights[0], weights[2]] };
  };

  test("go on when one fails, as where each step waits: same bits, lines and failure", async () => {
    const ahead = await many("many-ahead");
    const waiting = await many("many-waiting", { checkpointEvery: { steps: 1 } });
    const facts = ({ models }: typeof ahead) => models.map(({ failure, ...others }) => others);
    expect(facts(ahead)).toEqual(facts(waiting));
    expect(ahead.weights).toEqual(waiting.weights);
    expect(metricsOf("many-ahead")).toBe(metricsOf("many-waiting"));
    expect(ahead.models[1]).toMatchObject({ steps: 3, failure: { code: "NUMERIC", details: { step: 3 } } });
    expect(stepsOf("many-ahead")).toEqual(upTo(12));
  });

  test("end where the last that was still in training fails", async () => {
    const still = { ...recipe, learningRate: 1e-9, best: "top1", patience: 1 } as const;
    const spoil: Spoil = (logits, at) => (at === 7 ? tf.mul(logits, Number.NaN) : logits);
    const models = [
      { name: "stopped", model: told([]) },
      { name: "broken", model: told([], spoil), recipe: { patience: 9 } },
    ];
    const held = tf.memory().numTensors;
    const common = { source, validation, recipe: { ...still, duration: { steps: 20 } } };
    const evaluateEvery = { steps: 3 };
    const folder = join(root, "ended");
    const { models: found } = await trainMany({ models, ...common, evaluateEvery, folder });
    expect(found.map(({ steps }) => steps)).toEqual([6, 7]);
    expect(found[1]!.failure).toMatchObject({ details: { step: 7 } });
    expect((await latestCheckpoint(join(folder, "checkpoints")))!.step).toBe(7);
    expect(tf.memory().numTensors).toBe(held);
  });
});
