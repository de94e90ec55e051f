import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selectEngine } from "@difftap/engine";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  evaluate,
  type FeatureSource,
  latestCheckpoint,
  type ModelToTrain,
  restoreModel,
  type TrainManyOptions,
  train,
  trainMany,
} from "../src/index.js";
import { fullRecipe, learnable, linearModel, recipe } from "./model.js";

let folder: string;
const folders: string[] = [];
const { source } = learnable(70);
const validation = learnable(20, 2).source;

const own: Record<string, ModelToTrain["recipe"]> = {
  "rate 0.05": {},
  "rate 0.5": { learningRate: 0.5, patience: 1 },
  "t90/b09": { optimizer: { kind: "adamw" }, learningRate: 1e-3, clipNorm: 0.1 },
};

function newModels(recipes = own) {
  return Object.entries(recipes).map(([name, each]) => ({ name, model: linearModel(), recipe: each }));
}

beforeAll(async () => {
  await selectEngine("wasm");
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trainer-many-"));
  folders.push(folder);
});

afterAll(async () => {
  for (const each of folders) await rm(each, { recursive: true });
});

const common = { source, validation, recipe: fullRecipe };

async function runMany(changed: Partial<TrainManyOptions> = {}) {
  const models = newModels();
  const result = await trainMany({ ...common, models, folder, ...changed });
  return { result, weights: models.map(({ model }) => model.weights()) };
}

const logOf = async () =>
  (await readFile(join(folder, "metrics.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("many models", () => {
  test("end as each does alone, to the bit", async () => {
    const { result, weights } = await runMany();
    expect(result.models.map(({ name }) => name)).toEqual(Object.keys(own));
    for (const [index, { name, model, recipe: each }] of newModels().entries()) {
      const alone = await train({ ...common, model, recipe: { ...fullRecipe, ...each } });
      expect(weights[index], name).toEqual(model.weights());
      const { loss, correct, n, top1 } = alone.evaluation!;
      expect(result.models[index]).toEqual({
        name,
        steps: alone.steps,
        loss: alone.loss,
        evaluation: { loss, correct, n, top1 },
        best: alone.best,
        stoppedEarly: alone.stoppedEarly,
        failure: undefined,
      });
    }
  });

  test("read each batch once", async () => {
    const reads: string[] = [];
    const counted = (name: string, from: FeatureSource): FeatureSource => ({
      ...from,
      batches: (indices, options) => {
        reads.push(`${name} ${indices.length}`);
        return from.batches(indices, options);
      },
    });
    await runMany({ source: counted("train", source), validation: counted("validation", validation) });
    expect(reads).toEqual(Array.from({ length: 5 }, () => ["train 70", "validation 20"]).flat());
  });

  test("write their metrics by name, and one checkpoint", async () => {
    await runMany();
    const [first] = await logOf();
    expect(Object.keys(first.values)).toEqual([
      ...["loss", "learningRate", "gradientNorm"].map((key) => `rate 0.05/${key}`),
      ...["loss", "learningRate", "gradientNorm"].map((key) => `rate 0.5/${key}`),
      ...["loss", "learningRate", "gradientNorm"].map((key) => `t90/b09/${key}`),
    ]);
    const found = await latestCheckpoint(join(folder, "checkpoints"));
    expect(found!.models.map(({ name }) => name)).toEqual(Object.keys(own));
    expect(Object.keys(found!.models[2]!.tensors.optimizer).sort()).toEqual([
      "mean.bias",
      "mean.weight",
      "square.bias",
      "square.weight",
    ]);
  });

  test("are resumed to the same bits, the stopped ones left alone", async () => {
    const whole = await runMany();
    const log = await logOf();
    folder = await mkdtemp(join(tmpdir(), "trainer-many-"));
    folders.push(folder);
    const crash: TrainManyOptions["onProgress"] = ({ task, done }) => {
      if (task === "training" && done === 18) throw new Error("killed");
    };
    await expect(runMany({ onProgress: crash, checkpointEvery: { steps: 4 } })).rejects.toThrow("killed");
    const resumed = await runMany({ checkpointEvery: { steps: 4 } });
    expect(resumed.weights).toEqual(whole.weights);
    expect(await logOf()).toEqual(log);
    const facts = ({ result }: typeof whole) =>
      result.models.map(({ steps, evaluation, best, stoppedEarly }) => [
        steps,
        evaluation,
        best,
        stoppedEarly,
      ]);
    expect(facts(resumed)).toEqual(facts(whole));
  });

  test("go on when one diverges, which says where", async () => {
    const wild = { ...own, wild: { learningRate: 1e9, optimizer: { kind: "sgd" }, clipNorm: 1e9 } } as const;
    const models = newModels(wild);
    const mixed = await trainMany({ ...common, models, folder });
    const { failure, steps } = mixed.models.at(-1)!;
    expect(failure).toMatchObject({
      code: "NUMERIC",
      message: expect.stringMatching(
        /^loss .+ of wild at step \d+ \(epoch .+, learning rate .+\): training diverged; last good checkpoint: /,
      ),
    });
    expect(steps).toBeLessThan(25);
    const others = await trainMany({ ...common, models: newModels() });
    expect(mixed.models.slice(0, 3)).toEqual(others.models);
    for (const { values } of await logOf()) {
      expect(Object.values(values).every((each) => Number.isFinite(each))).toBe(true);
    }
    const again = await trainMany({ ...common, models: newModels(wild), folder });
    expect(again.models.at(-1)).toMatchObject({ failure: { message: failure!.message }, steps });
  });

  test("stop when the last has diverged", async () => {
    const wild = { a: { learningRate: 1e9, clipNorm: 1e9 }, b: { learningRate: 1e8, clipNorm: 1e9 } };
    await expect(trainMany({ ...common, models: newModels(wild) })).rejects.toMatchObject({
      code: "NUMERIC",
    });
  });

  test.each([
    ["none", []],
    ["two of one name", ["a", "a"]],
    ["one without a name", [""]],
    ["a colon in a name", ["a:b"]],
  ])("are refused: %s", async (_, names) => {
    const models = names.map((name) => ({ name, model: linearModel() }));
    await expect(trainMany({ ...common, models })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  test("are refused a batch of their own", async () => {
    const models = [{ name: "a", model: linearModel(), recipe: { batch: 8 } as ModelToTrain["recipe"] }];
    await expect(trainMany({ ...common, models })).rejects.toThrow("model a has a batch of its own");
  });

  test("are refused with other names than the checkpoint's", async () => {
    await runMany();
    const models = newModels({ ...own, another: {} });
    await expect(trainMany({ ...common, models, folder })).rejects.toMatchObject({
      code: "STORE_MISMATCH",
      message: expect.stringContaining("another/learningRate was not there, is 0.05"),
    });
  });
});

describe("the best weights", () => {
  test("are kept beside the latest, as they were evaluated", async () => {
    const wobbly = { ...fullRecipe, optimizer: { kind: "sgd" }, learningRate: 3, clipNorm: 100 } as const;
    const { best, evaluation } = await train({ ...common, recipe: wobbly, model: linearModel(), folder });
    const losses = (await logOf())
      .filter(({ split }) => split === "validation")
      .map(({ values }) => values.loss);
    expect(best!.value).toBe(Math.min(...losses));
    expect(best!.step).toBe(5 * (1 + losses.indexOf(best!.value)));
    const saved = (await latestCheckpoint(join(folder, "checkpoints")))!.models[0]!;
    const model = linearModel();
    restoreModel(model, saved, "best");
    expect((await evaluate(model, validation, { batch: 16 })).loss).toBe(best!.value);
    restoreModel(model, saved);
    expect(await evaluate(model, validation, { batch: 16 })).toEqual(evaluation);
    expect(() =>
      restoreModel({ ...model, buffers: new Map([["x", model.variables.get("bias")!]]) }, saved),
    ).toThrow(
      expect.objectContaining({ code: "WEIGHTS_MISMATCH", message: expect.stringContaining("x is missing") }),
    );
  });

  test("end a training whose patience is over", async () => {
    const still = { ...recipe, learningRate: 1e-9, best: "top1", patience: 2 } as const;
    const { steps, stoppedEarly, best } = await train({
      ...common,
      recipe: still,
      model: linearModel(),
      folder,
    });
    expect({ steps, stoppedEarly, best: best!.step }).toEqual({ steps: 15, stoppedEarly: true, best: 5 });
    const again = await train({ ...common, recipe: still, model: linearModel(), folder });
    await expect(train({ source, recipe: still, model: linearModel() })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: "patience is 2, but there is no validation set",
    });
    expect(again).toMatchObject({ steps: 15, stoppedEarly: true, resumedFrom: 15 });
  });
});
