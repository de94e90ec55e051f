import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selectEngine } from "@difftap/engine";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { latestCheckpoint, type TrainOptions, train } from "../src/index.js";
import { learnable, linearModel, recipe } from "./model.js";

let folder: string;
const folders: string[] = [];
const { source } = learnable(70);
const validation = learnable(20, 2).source;

beforeAll(async () => {
  await selectEngine("wasm");
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trainer-"));
  folders.push(folder);
});

afterAll(async () => {
  for (const each of folders) await rm(each, { recursive: true });
});

async function run(changed: Partial<TrainOptions> = {}) {
  const model = linearModel();
  const result = await train({ model, source, validation, recipe, folder, ...changed });
  return { ...result, weights: model.weights() };
}

/** Aborts once the given step is done. */
function abortedAfter(step: number): Pick<TrainOptions, "signal" | "onProgress"> {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onProgress: ({ done, task }) => {
      if (task === "training" && done === step) controller.abort();
    },
  };
}

const logOf = (at: string) => readFile(join(at, "metrics.jsonl"), "utf8");

describe("resuming", () => {
  let whole: Awaited<ReturnType<typeof run>>;
  let wholeLog: string;

  beforeAll(async () => {
    const apart = await mkdtemp(join(tmpdir(), "trainer-"));
    folders.push(apart);
    whole = await run({ folder: apart });
    wholeLog = await logOf(apart);
  });

  test.each([1, 5, 7, 13, 24])(
    "after an interruption at step %i ends in the same bits and the same log",
    async (step) => {
      await expect(run(abortedAfter(step))).rejects.toMatchObject({ code: "INTERRUPTED" });
      const resumed = await run();
      expect(resumed.resumedFrom).toBe(step);
      expect(resumed.steps).toBe(25);
      expect(resumed.weights).toEqual(whole.weights);
      expect(resumed.evaluation).toEqual(whole.evaluation);
      expect(await logOf(folder)).toBe(wholeLog);
    },
  );

  test("after a crash goes back to the last checkpoint and ends in the same bits", async () => {
    const crash = () => {
      throw new Error("killed");
    };
    const onProgress: TrainOptions["onProgress"] = ({ done }) => (done === 13 ? crash() : undefined);
    await expect(run({ onProgress })).rejects.toThrow("killed");
    await writeFile(join(folder, "metrics.jsonl"), `${await logOf(folder)}{"step":13,"ep`);
    const resumed = await run();
    expect(resumed.resumedFrom).toBe(10);
    expect(resumed.weights).toEqual(whole.weights);
    expect(await logOf(folder)).toBe(wholeLog);
  });

  test("a finished training does nothing but evaluate, and can be made longer", async () => {
    await run();
    const again = await run();
    expect(again).toMatchObject({ steps: 25, resumedFrom: 25, loss: undefined });
    expect(again.weights).toEqual(whole.weights);
    const longer = await run({ recipe: { ...recipe, duration: { epochs: 6 } } });
    expect(longer).toMatchObject({ steps: 30, resumedFrom: 25 });
  });

  test("writes a line per step and per evaluation, and keeps two checkpoints", async () => {
    await run({ checkpointEvery: { steps: 2 } });
    const lines = (await logOf(folder))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const steps = lines.filter(({ split }) => split === "train");
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
    expect(steps[9]).toMatchObject({ epoch: 2, values: { learningRate: 0.05 } });
    expect(steps[10]!.values.learningRate).toBeCloseTo(0.005, 12);
    expect(lines.filter(({ split }) => split === "validation").map(({ step }) => step)).toEqual([
      5, 10, 15, 20, 25,
    ]);
    expect((await readdir(join(folder, "checkpoints"))).sort()).toEqual([
      "step-00000024.json",
      "step-00000024.safetensors",
      "step-00000025.json",
      "step-00000025.safetensors",
    ]);
  });

  test("a checkpoint holds weights, optimiser, recipe and position", async () => {
    await run();
    const found = await latestCheckpoint(join(folder, "checkpoints"));
    expect(found).toMatchObject({ step: 25, evaluated: 25, samples: 70 });
    const [model] = found!.models;
    expect(model).toMatchObject({ name: "", recipe, description: { head: "linear" }, status: "training" });
    expect(Object.keys(model!.tensors.model).sort()).toEqual(["bias", "weight"]);
    expect(Object.keys(model!.tensors.optimizer).sort()).toEqual(["velocity.bias", "velocity.weight"]);
    expect(Object.keys(model!.tensors.best).sort()).toEqual(["bias", "weight"]);
  });
});

describe("refuses", () => {
  test("to continue another training, naming what differs", async () => {
    await expect(run(abortedAfter(5))).rejects.toMatchObject({ code: "INTERRUPTED" });
    await expect(run({ recipe: { ...recipe, learningRate: 0.1, batch: 8 } })).rejects.toMatchObject({
      code: "STORE_MISMATCH",
      message: expect.stringMatching(/learningRate was 0.05, is 0.1; .*batch was 16, is 8$/),
    });
    await expect(run({ model: linearModel({ head: "mlp" }) })).rejects.toThrow(
      /model was \{"head":"linear"\}/,
    );
    await expect(run({ source: learnable(60).source })).rejects.toThrow(/samples was 70, is 60/);
  });

  test("a damaged checkpoint", async () => {
    await run();
    const weights = join(folder, "checkpoints", "step-00000025.safetensors");
    const bytes = await readFile(weights);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(weights, bytes);
    await expect(run()).rejects.toMatchObject({ code: "CHECKPOINT_REFUSED" });
    await writeFile(join(folder, "checkpoints", "step-00000025.json"), "{");
    await expect(run()).rejects.toThrow(/it is no JSON/);
  });

  test("a folder that cannot be written", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    await expect(run({ folder: join(file, "run") })).rejects.toMatchObject({ code: "WRITE_FAILED" });
  });

  test("names the last good checkpoint when the loss breaks", async () => {
    const { x, source: broken } = learnable(70);
    const breaking: TrainOptions["onProgress"] = ({ done }) => {
      if (done === 6) x.data.fill(Number.NaN);
    };
    await expect(run({ source: broken, onProgress: breaking })).rejects.toMatchObject({
      code: "NUMERIC",
      message: expect.stringMatching(/at step 7 .+ last good checkpoint: .+step-00000005\.json$/),
    });
  });
});
