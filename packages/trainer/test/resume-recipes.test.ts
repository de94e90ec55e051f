/** Every optimiser, with warm-up, clipping, smoothing, mixup and averages, stopped or crashed anywhere. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tf } from "@difftap/engine";
import { describeEngines } from "@difftap/testing/engines";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { latestCheckpoint, type Recipe, type TrainOptions, train } from "../src/index.js";
import { fullRecipe, learnable, linearModel } from "./model.js";

const folders: string[] = [];
const newFolder = async () => {
  folders.push(await mkdtemp(join(tmpdir(), "trainer-")));
  return folders.at(-1)!;
};
const { source } = learnable(70);
const validation = learnable(20, 2).source;

afterAll(async () => {
  for (const each of folders) await rm(each, { recursive: true });
});

async function run(folder: string, recipe: Recipe, changed: Partial<TrainOptions> = {}) {
  const model = linearModel();
  const checkpointEvery = { steps: 3 };
  const result = await train({ model, source, validation, recipe, folder, checkpointEvery, ...changed });
  const { path: _, ...checkpoint } = (await latestCheckpoint(join(folder, "checkpoints")))!;
  const log = await readFile(join(folder, "metrics.jsonl"), "utf8");
  const { evaluation, best, steps } = result;
  return { evaluation, best, steps, checkpoint, log, weights: model.weights() };
}

const optimizers: Recipe["optimizer"][] = [
  { kind: "sgd" },
  { kind: "sgd", momentum: 0.9, nesterov: true },
  { kind: "adam" },
  { kind: "adamw" },
  { kind: "lars", weightDecay: 1e-3 },
];

describeEngines("on", () => {
  describe.each(optimizers)("%j", (optimizer) => {
    const recipe = { ...fullRecipe, optimizer };
    let whole: Awaited<ReturnType<typeof run>>;
    beforeAll(async () => {
      whole = await run(await newFolder(), recipe);
    });

    test.each([4, 10, 25])("interrupted at step %i ends in the same bits", async (step) => {
      const folder = await newFolder();
      const controller = new AbortController();
      const onProgress: TrainOptions["onProgress"] = ({ task, done }) => {
        if (task === "training" && done === step) controller.abort();
      };
      await expect(run(folder, recipe, { signal: controller.signal, onProgress })).rejects.toMatchObject({
        code: "INTERRUPTED",
      });
      expect(await run(folder, recipe)).toEqual(whole);
    });

    test.each(["training", "evaluation"])(
      "crashed in %s, again and again, ends in the same bits",
      async (task) => {
        const folder = await newFolder();
        for (const after of [2, 7, 8, 19]) {
          let seen = 0;
          const onProgress: TrainOptions["onProgress"] = (event) => {
            seen += event.task === "training" ? 1 : 0;
            if (event.task === task && seen >= after) throw new Error("killed");
          };
          await run(folder, recipe, { onProgress }).catch((error: Error) => {
            expect(error.message).toBe("killed");
          });
        }
        expect(await run(folder, recipe)).toEqual(whole);
      },
    );
  });

  test("what a recipe adds takes no tensors from step to step", async () => {
    const held: number[] = [];
    const before = tf.memory().numTensors;
    const model = linearModel();
    const onProgress: TrainOptions["onProgress"] = () => {
      held.push(tf.memory().numTensors);
    };
    await train({ model, source, recipe: { ...fullRecipe, optimizer: { kind: "adamw" } }, onProgress });
    expect(held).toHaveLength(25);
    expect(new Set(held).size).toBe(1);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
